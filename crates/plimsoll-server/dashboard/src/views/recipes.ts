// What to paste, for a server that does not tell it itself.
import type { Recipe } from "../api/shapes";

export function bundledRecipes(server: string): Recipe[] {
  const otlp = `OTEL_SERVICE_NAME=shop \\\nOTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\\nOTEL_EXPORTER_OTLP_ENDPOINT=${server} \\`;
  const shell = (text: string, code: string) => ({ text, language: "sh", code });
  return [
    {
      name: "rust",
      title: "Rust",
      when: "One layer in an axum application.",
      steps: [
        shell("Add the library:", "cargo add plimsoll --path …/crates/plimsoll --features axum,export"),
        {
          text: "Put the layer around the routes:",
          language: "rust",
          code: `let monitor = plimsoll::Monitor::builder("shop").build()?;
let app = Router::new()
    .route("/orders/{id}", get(show_order))
    .merge(monitor.routes())   // /health /metrics /api/performance/*
    .layer(monitor.layer());
tokio::spawn(monitor.run());`,
        },
        shell("Tell it where to send:", `OTEL_EXPORTER_OTLP_ENDPOINT=${server} cargo run`),
      ],
    },
    {
      name: "python",
      title: "Python",
      when: "Any framework that OpenTelemetry knows: Flask, Django, FastAPI.",
      steps: [
        shell(
          "Install the stock instrumentation:",
          "pip install opentelemetry-distro opentelemetry-exporter-otlp-proto-http\nopentelemetry-bootstrap -a install",
        ),
        shell("Start the service with it:", `${otlp}\nopentelemetry-instrument uvicorn app:app`),
      ],
    },
    {
      name: "node",
      title: "Node",
      when: "Express, Fastify, Nest and others, without a change in the code.",
      steps: [
        shell(
          "Install the stock instrumentation:",
          "npm i @opentelemetry/api @opentelemetry/auto-instrumentations-node",
        ),
        shell(
          "Start the service with it:",
          `${otlp}\nnode --require @opentelemetry/auto-instrumentations-node/register app.js`,
        ),
      ],
    },
    {
      name: "java",
      title: "Java",
      when: "Works with opentelemetry-javaagent.jar from version 2 on, without a change in the code.",
      steps: [
        shell("Start the service with the agent:", `${otlp}\njava -javaagent:opentelemetry-javaagent.jar -jar app.jar`),
      ],
    },
    {
      name: "influxdb",
      title: "InfluxDB clients",
      when: "Telegraf, Home Assistant’s influxdb integration, or by hand.",
      steps: [
        shell(
          "Write a line:",
          `curl -i "${server}/write?db=plimsoll" \\\n  --data-binary "room,name=attic temperature=21.4"`,
        ),
      ],
    },
  ];
}
