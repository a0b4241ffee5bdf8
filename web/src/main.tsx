import { render } from "preact";
import { App } from "./app";
import "./styles/tokens.css";
import "./styles/page.css";
import "./styles/findings.css";
import "./styles/study.css";
import "./styles/views.css";

const root = document.getElementById("app");
if (root) render(<App />, root);
