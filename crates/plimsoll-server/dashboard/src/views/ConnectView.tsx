// How to send data, and whether anything came.
import "../style/connect.css";
import { useQuery } from "@tanstack/react-query";
import { Fragment, type KeyboardEvent, useEffect, useRef } from "react";
import { recipes } from "../api/queries";
import type { Recipe } from "../api/shapes";
import { Fix } from "../parts/Fix";
import { Part } from "../parts/Part";
import { Mark } from "../parts/State";
import { useParam } from "../route/location";
import { Heard } from "./Heard";

export default function ConnectView({ empty = false }: { empty?: boolean }) {
  const asked = useQuery(recipes());
  useEffect(() => {
    document.title = empty ? "Plimsoll" : "Connect · Plimsoll";
  }, [empty]);
  return (
    <>
      <section className="wrap lead">
        {empty ? (
          <h1>
            <b>Nothing has reached Plimsoll yet.</b> Connect your first service; its line appears here with the first
            request.
          </h1>
        ) : (
          <h1>
            <b>Connect a service.</b> It appears on the page with its first request.
          </h1>
        )}
      </section>
      {empty && (
        <div className="flat">
          <div className="wrap">
            <Mark />
            <p>no floats yet; the line is drawn when data arrives</p>
          </div>
        </div>
      )}
      <section className="wrap sec conn" aria-labelledby="cn">
        <div>
          <h2 id="cn">Connect a service</h2>
          <ol className="steps">
            <li>
              <b>Pick what it is written in</b> and run the lines that stand there. No account, nothing else to install,
              no key on this machine.
            </li>
            <li>
              <b>Send it one request.</b> The first window of 10 seconds is enough to see routes and latency.
            </li>
          </ol>
        </div>
        <div>
          <Part asked={asked} reading="the recipes">
            {(answer) => <Tabs all={answer.recipes} />}
          </Part>
          <Heard />
        </div>
      </section>
    </>
  );
}

function Tabs({ all }: { all: Recipe[] }) {
  const [picked, pick] = useParam("with");
  const tabs = useRef<HTMLDivElement>(null);
  const shown = all.find((recipe) => recipe.name === picked) ?? all[0];
  if (!shown) return null;

  const move = (event: KeyboardEvent, index: number) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const next = (index + by + all.length) % all.length;
    pick(all[next]?.name ?? null);
    (tabs.current?.children[next] as HTMLElement | undefined)?.focus();
  };

  return (
    <>
      <div className="tabs" role="tablist" aria-label="What to connect" ref={tabs}>
        {all.map((recipe, index) => (
          <button
            key={recipe.name}
            type="button"
            role="tab"
            id={`tab-${recipe.name}`}
            aria-controls="recipe"
            aria-selected={recipe === shown}
            tabIndex={recipe === shown ? 0 : -1}
            onClick={() => pick(recipe.name)}
            onKeyDown={(event) => move(event, index)}
          >
            {recipe.title}
          </button>
        ))}
      </div>
      <div className="pane" role="tabpanel" id="recipe" aria-labelledby={`tab-${shown.name}`}>
        <Steps recipe={shown} />
      </div>
    </>
  );
}

/** What stands between backticks is code. */
function Sentence({ text }: { text: string }) {
  return text.split("`").map((part, at) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a sentence stand in their order
    at % 2 === 1 ? <code key={at}>{part}</code> : <Fragment key={at}>{part}</Fragment>,
  );
}

function Steps({ recipe }: { recipe: Recipe }) {
  return (
    <>
      <p>{recipe.when}</p>
      {recipe.steps.map((step) => (
        <div key={`${step.text} ${step.code}`}>
          <p>
            <Sentence text={step.text} />
            {step.file && (
              <>
                {" "}
                <code>{step.file}</code>
              </>
            )}
            :
          </p>
          <Fix code={step.code} label={step.text} />
        </div>
      ))}
    </>
  );
}
