import { expect, test } from "vitest";
import { base64url, challengeOf, signOutAddress } from "../src/oidc";

test("the challenge is that of RFC 7636, appendix B", async () => {
  expect(await challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).toBe("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
});

test("base64url has no padding and no sign that an address would change", () => {
  expect(base64url(new Uint8Array([251, 255, 254]))).toBe("-__-");
  expect(base64url(new Uint8Array([1]))).toBe("AQ");
});

test("a sign-out names the session, the client and the way back", () => {
  const address = signOutAddress({ endpoint: "https://id.example/logout?realm=a", clientId: "page", idToken: "a.b.c" }, "https://here/");
  expect(Object.fromEntries(new URL(address ?? "").searchParams)).toEqual({
    realm: "a", client_id: "page", post_logout_redirect_uri: "https://here/", id_token_hint: "a.b.c",
  });
  expect(signOutAddress({ endpoint: "https://id.example/logout", clientId: "page", idToken: null }, "https://here/")).not.toContain("hint");
});

test("a sign-out never leads to what is no web address", () => {
  for (const endpoint of ["javascript:alert(1)", "/logout", ""]) {
    expect(signOutAddress({ endpoint, clientId: "page", idToken: null }, "https://here/")).toBeNull();
  }
});
