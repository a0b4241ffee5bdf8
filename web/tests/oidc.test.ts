import { expect, test } from "vitest";
import { base64url, challengeOf } from "../src/oidc";

test("the challenge is that of RFC 7636, appendix B", async () => {
  expect(await challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).toBe("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
});

test("base64url has no padding and no sign that an address would change", () => {
  expect(base64url(new Uint8Array([251, 255, 254]))).toBe("-__-");
  expect(base64url(new Uint8Array([1]))).toBe("AQ");
});
