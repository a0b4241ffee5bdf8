/**
 * Sign-in with an identity provider: authorization code with PKCE (RFC 7636), as a public client. Tokens stay in memory. On
 * the way to the provider and back only the verifier of this one sign-in is in the tab's own store; it is useless without
 * the code, and is removed on return.
 */

import { setKey } from "./session";

export interface Provider {
  issuer: string;
  clientId: string;
  scope: string;
}

interface Discovered {
  issuer: string;
  authorization_endpoint: string;
  token_endpoint: string;
}

interface Granted {
  access_token?: string;
  refresh_token?: string;
  expires_in?: number;
}

interface Begun {
  verifier: string;
  state: string;
  back: string;
}

const KEPT = "vlmkg-sign-in";
export const RETURN = "/signed-in";
const EARLY_S = 30;

/** The provider of this API; null if people sign in with keys alone. */
export async function providerOf(): Promise<Provider | null> {
  const answer = (await (await fetch("/sign-in")).json()) as { oidc: Provider | null };
  return answer.oidc;
}

async function discovered(provider: Provider): Promise<Discovered> {
  const response = await fetch(`${provider.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  const document_ = (await response.json()) as Discovered;
  if (document_.issuer !== provider.issuer) throw new Error("the discovery document names another issuer");
  return document_;
}

export const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

const random = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** The S256 challenge of a verifier (RFC 7636, 4.2). */
export const challengeOf = async (verifier: string): Promise<string> =>
  base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));

const returnAddress = (): string => window.location.origin + RETURN;

/** Leave for the provider's page. */
export async function begin(provider: Provider): Promise<void> {
  const { authorization_endpoint } = await discovered(provider);
  const begun: Begun = { verifier: random(), state: random(), back: window.location.pathname + window.location.search };
  const address = new URL(authorization_endpoint);
  const asked = {
    response_type: "code", client_id: provider.clientId, scope: provider.scope, redirect_uri: returnAddress(),
    state: begun.state, code_challenge: await challengeOf(begun.verifier), code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  sessionStorage.setItem(KEPT, JSON.stringify(begun));
  window.location.assign(address);
}

/** Take the provider's answer from the address. Returns where the person was; throws if it is no answer to our question. */
export async function finish(): Promise<string> {
  const kept = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  const given = new URLSearchParams(window.location.search);
  history.replaceState(null, "", RETURN);
  const begun = kept === null ? null : (JSON.parse(kept) as Begun);
  const code = given.get("code");
  const provider = await providerOf();
  if (!provider || !begun || code === null || given.get("state") !== begun.state) throw new Error(given.get("error") ?? "");
  const { token_endpoint } = await discovered(provider);
  await exchange(token_endpoint, provider, { grant_type: "authorization_code", code, redirect_uri: returnAddress(), code_verifier: begun.verifier });
  return begun.back.startsWith(RETURN) ? "/studies" : begun.back;
}

let timer = 0;

/** Forget the tokens. */
export function forget(): void {
  clearTimeout(timer);
  setKey(null);
}

async function exchange(endpoint: string, provider: Provider, given: Record<string, string>): Promise<void> {
  const response = await fetch(endpoint, { method: "POST", body: new URLSearchParams({ ...given, client_id: provider.clientId }) });
  const granted = (await response.json()) as Granted;
  if (!response.ok || !granted.access_token) throw new Error("the identity provider gave no token");
  setKey(granted.access_token);
  clearTimeout(timer);
  const refresh = granted.refresh_token;
  if (refresh && granted.expires_in) {
    // If it fails, the session ends with the token, and the page says so.
    const renew = (): void => void exchange(endpoint, provider, { grant_type: "refresh_token", refresh_token: refresh }).catch(() => undefined);
    timer = window.setTimeout(renew, Math.max(1, granted.expires_in - EARLY_S) * 1000);
  }
}
