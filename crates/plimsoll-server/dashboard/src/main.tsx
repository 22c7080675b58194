import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import "./style/tokens.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/tables.css";
import { App } from "./App";
import { Problem } from "./api/client";
import { LiveProvider } from "./live/Live";
import { startTheme } from "./parts/theme";

startTheme();

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // News say when to read again; the connection itself tries again.
      staleTime: 5_000,
      gcTime: 10 * 60_000,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      networkMode: "always",
      placeholderData: (before: unknown) => before,
      retry: (failures, error) =>
        failures < 1 && !(error instanceof Problem && error.status >= 400 && error.status < 500),
    },
  },
});

const root = document.getElementById("page");
if (root) {
  createRoot(root).render(
    <QueryClientProvider client={client}>
      <LiveProvider>
        <App />
      </LiveProvider>
    </QueryClientProvider>,
  );
}
