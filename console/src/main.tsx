/** Where the page starts. */
import "@fontsource-variable/inter/wght.css";
import "@mantine/core/styles.css";
import "./styles/tokens.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/connections.css";
import "./styles/cases.css";
import "./styles/figures.css";
import "./styles/charts.css";
import "./styles/access.css";
import "./styles/administration.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no place for the console.");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
