import "./styles/base.css";
import "./styles/layout.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Page } from "./page.js";
import { App, AppContext } from "./state/app.js";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root.");
createRoot(root).render(
  <StrictMode>
    <AppContext value={new App()}>
      <Page />
    </AppContext>
  </StrictMode>,
);
