import { GraphiQL, createElement, createRoot } from "/graphql/files/graphiql.js";

// The key comes in the fragment (#key=...), leaves the address bar at once, and lives as long as the tab.
const KEY = "vlmkg-key";
const fragment = new URLSearchParams(window.location.hash.slice(1));
if (fragment.has("key")) {
  window.sessionStorage.setItem(KEY, fragment.get("key"));
  window.history.replaceState(null, "", window.location.pathname);
}
const key = window.sessionStorage.getItem(KEY);
const headers = JSON.stringify({ Authorization: `Bearer ${key || "YOUR-KEY"}` }, null, 2);

const EXAMPLES = [
  `# Findings: a pleural effusion in the left lung, the earliest studies first.
# Negated findings come out only when presence says so.
query LeftEffusions {
  findings(
    first: 10
    where: {
      concept: { name: "pleural effusion" }
      location: { name: "left lung" }
    }
  ) {
    totalCount
    edges {
      node {
        text
        presence
        concept { code name }
        laterality
        locations { text concept { name } }
        modifiers
        study { startedAt modality }
        patient { patientId }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  `# Patients with a pleural effusion that no later study excluded.
query NotExcludedLater {
  patients(
    first: 10
    where: {
      hasFinding: { concept: { name: "pleural effusion" } }
      noLaterFinding: { concept: { name: "pleural effusion" }, presence: [ABSENT] }
    }
  ) {
    totalCount
    edges {
      node {
        patientId
        sex
        birthYear
        findings(first: 3, where: { concept: { name: "pleural effusion" } }) {
          edges { node { text presence studiedAt } }
        }
      }
    }
  }
}
`,
  `# The timelines of a few patients.
query Timelines {
  patients(first: 3) {
    edges {
      node {
        patientId
        timeline(first: 10) {
          startedAt
          study { modality reports { version status current } }
          findings { text presence concept { name } }
        }
      }
    }
  }
}
`,
  `# What suggests pneumonia.
query SuggestsPneumonia {
  findings(first: 10, where: { suggests: { concept: { name: "pneumonia" } } }) {
    totalCount
    edges {
      node {
        text
        presence
        locations { text }
        suggests { text presence concept { name } }
      }
    }
  }
}
`,
  `# A concept, what it is, and its kinds.
query Concept {
  concepts(search: "effusion", first: 5) {
    code
    name
    system
    ancestors { name }
    children { code name }
  }
}
`,
];

function fetcher(parameters, options) {
  return window
    .fetch("/graphql", {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/graphql-response+json, application/json;q=0.9",
        ...(options && options.headers),
      },
      body: JSON.stringify(parameters),
    })
    .then((response) => response.json());
}

// GraphiQL keeps tabs and history in its storage: the tab's own, so that no patient data stays on this machine.
const storage = {
  getItem: (name) => window.sessionStorage.getItem(name),
  setItem: (name, value) => window.sessionStorage.setItem(name, value),
  removeItem: (name) => window.sessionStorage.removeItem(name),
  get length() {
    return window.sessionStorage.length;
  },
  clear: () => window.sessionStorage.clear(),
};

// The editor checks and completes each language in a worker of its own.
const LANGUAGES = ["graphql", "json"];
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(`/graphql/files/${LANGUAGES.includes(label) ? label : "editor"}.worker.js`),
};

createRoot(document.getElementById("explorer")).render(
  createElement(GraphiQL, {
    fetcher,
    storage,
    initialHeaders: headers,
    defaultHeaders: headers,
    shouldPersistHeaders: false,
    showPersistHeadersSettings: false,
    defaultEditorToolsVisibility: "headers",
    defaultTabs: EXAMPLES.map((query) => ({ query, headers })),
  }),
);
