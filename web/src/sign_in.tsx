import { useEffect, useState } from "preact/hooks";
import { ApiError, ask } from "./api/client";
import { CALLER } from "./api/queries";
import type { Caller } from "./api/types";
import { useTexts } from "./i18n";
import { begin, providerOf, withKey, type Provider } from "./oidc";

export function SignIn({ ended, refused, onDone }: { ended: boolean; refused: boolean; onDone: (caller: Caller) => void }) {
  const t = useTexts();
  const [failure, setFailure] = useState(refused ? t("signInRefused") : "");
  const [provider, setProvider] = useState<Provider | null>(null);
  useEffect(() => { providerOf().then(setProvider, () => undefined); }, []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const field = (event.target as HTMLFormElement).elements.namedItem("key") as HTMLInputElement;
    withKey(field.value.trim());
    try {
      onDone((await ask<{ caller: Caller }>(CALLER)).caller);
      field.value = "";
    } catch (error) {
      withKey(null);
      setFailure(error instanceof ApiError && error.code === "NETWORK" ? t("errorNetwork") : `${t("signInFail")} ${error instanceof Error ? error.message : ""}`);
    }
  };
  return (
    <main class="sign-in" id="content">
      <h1>VLM-KG</h1>
      {ended && !failure && <p role="alert" class="failure">{t("sessionEnded")}</p>}
      {provider && <p><button type="button" class="main" onClick={() => void begin(provider).catch(() => setFailure(t("providerFail")))}>{t("signInOidc")}</button></p>}
      {provider && <p class="dim">{t("orKey")}</p>}
      <form onSubmit={(event) => void submit(event)}>
        <label class="field"><span>{t("apiKey")}</span><input name="key" type="password" autocomplete="off" spellcheck={false} required autoFocus /></label>
        <button type="submit" class="main">{t("signIn")}</button>
      </form>
      {failure && <p role="alert" class="failure">{failure}</p>}
      <p class="dim">{t("signInWith")}</p>
      <p class="dim">{t("keyHelp")}</p>
    </main>
  );
}
