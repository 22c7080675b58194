//! Recipes for OpenTelemetry's SDKs and agents: OTLP over HTTP, protobuf, every ten seconds.

use super::recipe::{Template, TemplateStep};

/// Shows what has come from a service that answers requests.
const SEE_ROUTES: TemplateStep = TemplateStep {
    text: "After some requests and ten seconds, what came by route, method and status",
    language: "sh",
    file: None,
    code: "curl '{url}/api/performance/routes?service={service}'",
};

pub(super) const PYTHON: Template = Template {
    name: "python",
    title: "Python",
    when: "A service in Flask, FastAPI, Django or another framework that OpenTelemetry instruments; its code stays as it is.",
    steps: &[
        TemplateStep {
            text: "Once, in the service's virtual environment",
            language: "sh",
            file: None,
            code: r#"
pip install opentelemetry-distro opentelemetry-exporter-otlp-proto-http
opentelemetry-bootstrap -a install
"#,
        },
        TemplateStep {
            text: "Start the service: `python app.py` stands for your own command, as `uvicorn app:app` would",
            language: "sh",
            file: None,
            code: r#"
export OTEL_SERVICE_NAME={service}
export OTEL_EXPORTER_OTLP_ENDPOINT={url}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf     # gRPC otherwise, which is not spoken here
export OTEL_METRIC_EXPORT_INTERVAL=10000             # milliseconds; once a minute otherwise
export OTEL_LOGS_EXPORTER=none                       # logs are not kept
opentelemetry-instrument python app.py
"#,
        },
        SEE_ROUTES,
    ],
};

pub(super) const NODE: Template = Template {
    name: "node",
    title: "Node.js",
    when: "A service in Express, Fastify, Koa, NestJS or another framework that OpenTelemetry instruments; its code stays as it is.",
    steps: &[
        TemplateStep {
            text: "Once, in the service's folder",
            language: "sh",
            file: None,
            code: "npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node",
        },
        TemplateStep {
            text: "Start the service: `node app.js` stands for your own command",
            language: "sh",
            file: None,
            code: r#"
export OTEL_SERVICE_NAME={service}
export OTEL_EXPORTER_OTLP_ENDPOINT={url}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_METRICS_EXPORTER=otlp                    # older versions send none otherwise
export OTEL_METRIC_EXPORT_INTERVAL=10000             # milliseconds; once a minute otherwise
export OTEL_METRIC_EXPORT_TIMEOUT=5000               # must not be longer than the interval
export OTEL_LOGS_EXPORTER=none                       # logs are not kept
export NODE_OPTIONS="--require @opentelemetry/auto-instrumentations-node/register"
node app.js
"#,
        },
        SEE_ROUTES,
    ],
};

pub(super) const JAVA: Template = Template {
    name: "java",
    title: "Java and Kotlin",
    when: "A service on the JVM, in Spring, Quarkus, Micronaut, a servlet container or another framework that OpenTelemetry's \
           agent instruments (agent 2.0 or newer, Java 8 or newer); its code stays as it is.",
    steps: &[
        TemplateStep {
            text: "Once, beside the service",
            language: "sh",
            file: None,
            code: "curl -LO https://github.com/open-telemetry/opentelemetry-java-instrumentation/releases/latest/download/opentelemetry-javaagent.jar",
        },
        TemplateStep {
            text: "Start the service: `app.jar` stands for your own",
            language: "sh",
            file: None,
            code: r#"
export OTEL_SERVICE_NAME={service}
export OTEL_EXPORTER_OTLP_ENDPOINT={url}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_METRIC_EXPORT_INTERVAL=10000             # milliseconds; once a minute otherwise
export OTEL_LOGS_EXPORTER=none                       # logs are not kept
java -javaagent:opentelemetry-javaagent.jar -jar app.jar
"#,
        },
        SEE_ROUTES,
    ],
};

pub(super) const GO: Template = Template {
    name: "go",
    title: "Go",
    when: "A service with net/http, or with a router that is an http.Handler.",
    steps: &[
        TemplateStep {
            text: "Once, in the module's folder",
            language: "sh",
            file: None,
            code: r#"
go get go.opentelemetry.io/otel go.opentelemetry.io/otel/sdk go.opentelemetry.io/otel/sdk/metric
go get go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp
go get go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp
go get go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp
"#,
        },
        TemplateStep {
            text: "A new file of the main package. In main: `stop, err := measure(ctx)` at the start, `stop(ctx)` at the end, and \
                   `otelhttp.NewHandler(mux, \"server\")` in the place of `mux`",
            language: "go",
            file: Some("measure.go"),
            code: r#"
package main

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// measure sends spans and metrics to where the environment says; stop sends what is left.
func measure(ctx context.Context) (stop func(context.Context) error, err error) {
	spans, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, err
	}
	metrics, err := otlpmetrichttp.New(ctx)
	if err != nil {
		return nil, err
	}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics)))
	otel.SetTracerProvider(tracers)
	otel.SetMeterProvider(meters)
	return func(ctx context.Context) error {
		return errors.Join(tracers.Shutdown(ctx), meters.Shutdown(ctx))
	}, nil
}
"#,
        },
        TemplateStep {
            text: "Start the service",
            language: "sh",
            file: None,
            code: r#"
export OTEL_SERVICE_NAME={service}
export OTEL_EXPORTER_OTLP_ENDPOINT={url}
export OTEL_METRIC_EXPORT_INTERVAL=10000             # milliseconds; once a minute otherwise
go run .
"#,
        },
        SEE_ROUTES,
    ],
};

pub(super) const DOTNET: Template = Template {
    name: "dotnet",
    title: ".NET",
    when: "A service in ASP.NET Core, under OpenTelemetry's automatic instrumentation; its code stays as it is.",
    steps: &[
        TemplateStep {
            text: "Once on the machine",
            language: "sh",
            file: None,
            code: r#"
curl -sSfLO https://github.com/open-telemetry/opentelemetry-dotnet-instrumentation/releases/latest/download/otel-dotnet-auto-install.sh
sh ./otel-dotnet-auto-install.sh
"#,
        },
        TemplateStep {
            text: "Start the service: `app.dll` stands for your own",
            language: "sh",
            file: None,
            code: r#"
export OTEL_SERVICE_NAME={service}
export OTEL_EXPORTER_OTLP_ENDPOINT={url}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_METRIC_EXPORT_INTERVAL=10000             # milliseconds; once a minute otherwise
export OTEL_LOGS_EXPORTER=none                       # logs are not kept
. "$HOME/.otel-dotnet-auto/instrument.sh"
dotnet app.dll
"#,
        },
        SEE_ROUTES,
    ],
};
