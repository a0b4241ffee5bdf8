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
  end_session_endpoint?: string;
}

interface Granted {
  access_token?: string;
  refresh_token?: string;
  id_token?: string;
  expires_in?: number;
}

/** A session at the provider, which it is asked to end at sign-out. `idToken` tells it which one. */
interface Session {
  endpoint: string;
  clientId: string;
  idToken: string | null;
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
  const { token_endpoint, end_session_endpoint } = await discovered(provider);
  const granted = await exchange(token_endpoint, provider, { grant_type: "authorization_code", code, redirect_uri: returnAddress(), code_verifier: begun.verifier });
  if (end_session_endpoint) session = { endpoint: end_session_endpoint, clientId: provider.clientId, idToken: granted.id_token ?? null };
  return begun.back.startsWith(RETURN) ? "/studies" : begun.back;
}

let timer = 0;
let session: Session | null = null;

/**
 * Where the provider ends its own session (OpenID Connect RP-Initiated Logout 1.0); null for a key, and for a provider
 * that has no such address. Without an `id_token` the provider asks the person which session is meant.
 */
export function signOutAddress({ endpoint, clientId, idToken }: Session, back: string): string | null {
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) return null;
  const address = new URL(endpoint);
  address.searchParams.set("client_id", clientId);
  address.searchParams.set("post_logout_redirect_uri", back);
  if (idToken !== null) address.searchParams.set("id_token_hint", idToken);
  return address.href;
}

/** A key is tried: a session at the provider, whose token has ended, is no longer that of this person here. */
export function withKey(key: string | null): void {
  clearTimeout(timer);
  session = null;
  setKey(key);
}

/** Forget the tokens, here and, by leaving for its page, at the provider. Returns whether the page is left. */
export function forget(): boolean {
  clearTimeout(timer);
  setKey(null);
  const address = session && signOutAddress(session, `${window.location.origin}/`);
  session = null;
  if (!address) return false;
  window.location.assign(address);
  return true;
}

async function exchange(endpoint: string, provider: Provider, given: Record<string, string>): Promise<Granted> {
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
  return granted;
}
