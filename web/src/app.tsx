import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, ask } from "./api/client";
import { CALLER } from "./api/queries";
import type { Caller } from "./api/types";
import { CohortView } from "./cohort/view";
import { FeedView } from "./feed/view";
import { browserLanguage, LanguageContext, textsOf, useTexts, type Key, type Language } from "./i18n";
import { finish, forget, RETURN } from "./oidc";
import { PatientView } from "./patient/view";
import { ReviewView } from "./review/view";
import { followed, go, isTyping, usePlace } from "./routing";
import { openGraphiql, whenSessionEnds } from "./session";
import { SignIn } from "./sign_in";
import { StudiesView } from "./studies/view";
import { StudyView } from "./study/view";
import { Failure, Waiting } from "./ui/loading";

const VIEWS: { name: Key; path: string; right: string }[] = [
  { name: "studies", path: "/studies", right: "READ" },
  { name: "review", path: "/review", right: "REVIEW" },
  { name: "cohort", path: "/cohort", right: "READ" },
  { name: "feed", path: "/feed", right: "OPERATE" },
];

export function App() {
  const [language, setLanguage] = useState<Language>(browserLanguage);
  const [caller, setCaller] = useState<Caller | null>(null);
  const [asked, setAsked] = useState(false);
  const [ended, setEnded] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const [refused, setRefused] = useState(false);
  const t = textsOf(language);

  // With VLMKG_AUTH=off everybody is let in: then no key is asked for.
  const enter = (): void => {
    setFailure(null);
    ask<{ caller: Caller }>(CALLER).then(
      (answer) => setCaller(answer.caller),
      (error: unknown) => { if (error instanceof ApiError && error.code !== "UNAUTHENTICATED") setFailure(error); },
    ).finally(() => setAsked(true));
  };
  useEffect(() => {
    whenSessionEnds(() => { setCaller(null); setEnded(true); });
    // Back from the identity provider: its answer is in the address, once.
    if (window.location.pathname === RETURN) finish().then((back) => go(back, true), () => setRefused(true)).finally(enter);
    else enter();
  }, []);
  useEffect(() => { document.documentElement.lang = language; }, [language]);

  const signOut = (): void => { if (forget()) return; setEnded(false); setCaller(null); };
  return (
    <LanguageContext.Provider value={language}>
      <div class="page" onClick={followed}>
        <a class="skip" href="#content">{t("skip")}</a>
        {caller
          ? <Shell caller={caller} language={language} setLanguage={setLanguage} signOut={signOut} />
          : failure ? <main id="content"><Failure error={failure} retry={enter} /></main>
          : asked ? <SignIn ended={ended} refused={refused} onDone={(found) => { setEnded(false); setCaller(found); }} /> : <Waiting busy />}
      </div>
    </LanguageContext.Provider>
  );
}

interface ShellGiven {
  caller: Caller;
  language: Language;
  setLanguage: (language: Language) => void;
  signOut: () => void;
}

function Shell({ caller, language, setLanguage, signOut }: ShellGiven) {
  const t = useTexts();
  const place = usePlace();
  const help = useRef<HTMLDialogElement>(null);
  useShortCuts(help);
  const views = VIEWS.filter((view) => caller.rights.includes(view.right));
  const at = place.path === "/" || place.path === RETURN ? "/studies" : place.path;
  useEffect(() => {
    const view = VIEWS.find((one) => at.startsWith(one.path));
    document.title = `${view ? t(view.name) : t("patient")} · VLM-KG`;
  }, [at, language]);
  return (
    <>
      <header class="top">
        <a class="brand" href="/studies">VLM-KG</a>
        <nav aria-label={t("main")}>
          {views.map((view) => <a key={view.path} href={view.path} aria-current={at.startsWith(view.path) ? "page" : undefined}>{t(view.name)}</a>)}
        </nav>
        <div class="self">
          <button type="button" class="quiet" onClick={openGraphiql}>{t("graphiql")}</button>
          <button type="button" class="quiet" onClick={() => help.current?.showModal()}>{t("keys")} <kbd>?</kbd></button>
          <label><span class="said">{t("language")}</span>
            <select value={language} onChange={(event) => setLanguage(event.currentTarget.value === "de" ? "de" : "en")}><option value="en">English</option><option value="de">Deutsch</option></select>
          </label>
          <span class="dim" title={caller.role}>{caller.name}</span>
          <button type="button" class="quiet" onClick={signOut}>{t("signOut")}</button>
        </div>
      </header>
      <main id="content" tabIndex={-1}><Routed path={at} caller={caller} /></main>
      <dialog ref={help} aria-labelledby="keys-title">
        <h2 id="keys-title">{t("keys")}</h2>
        <dl class="key-list">
          {([["j k", "kNext"], ["Enter", "kOpen"], ["/", "kFilter"], ["c w t", "kReview"], ["m", "kMissed"], ["1 2 3 4", "kGo"], ["?", "kHelp"]] as const).map(([keys, key]) => (
            <div key={key}><dt>{keys.split(" ").map((one) => <kbd key={one}>{one}</kbd>)}</dt><dd>{t(key)}</dd></div>
          ))}
        </dl>
        <button type="button" onClick={() => help.current?.close()}>{t("close")}</button>
      </dialog>
    </>
  );
}

function Routed({ path, caller }: { path: string; caller: Caller }) {
  const t = useTexts();
  const [, view, key] = path.split("/");
  if (view === "studies" && key) return <StudyView key={key} studyKey={key} caller={caller} />;
  if (view === "studies") return <StudiesView />;
  if (view === "patients" && key) return <PatientView key={key} patientId={key} caller={caller} />;
  if (view === "review") return <ReviewView caller={caller} />;
  if (view === "cohort") return <CohortView caller={caller} />;
  if (view === "feed") return <FeedView caller={caller} />;
  return <p class="empty">{t("noPage")}</p>;
}

/** Keys that mean the same in every view. In a review the digits are its own. */
function useShortCuts(help: { current: HTMLDialogElement | null }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event) || event.defaultPrevented) return;
      const view = window.location.pathname.startsWith("/review") ? undefined : VIEWS[Number(event.key) - 1];
      if (view) go(view.path);
      else if (event.key === "?") help.current?.showModal();
      else if (event.key === "/") {
        const field = document.querySelector<HTMLInputElement>("[data-first-filter]");
        field?.focus();
        field?.select();
        event.preventDefault();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [help]);
}
