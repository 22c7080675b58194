import { useEffect, useRef } from "react";
import { KEYS } from "./keys";

export function KeyList({ shown, close }: { shown: boolean; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (shown) dialog.current?.showModal();
    else dialog.current?.close();
  }, [shown]);
  return (
    <dialog ref={dialog} className="keys" aria-labelledby="keys-head" onClose={close}>
      <h2 id="keys-head">Keys</h2>
      <dl>
        {KEYS.map(({ keys, does }) => (
          <div key={keys} className="contents">
            <dt>
              {keys.split(" ").map((key) => (
                <span key={key}>
                  <kbd>{key}</kbd>{" "}
                </span>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <button type="button" className="btn" onClick={close}>
        Close
      </button>
    </dialog>
  );
}
