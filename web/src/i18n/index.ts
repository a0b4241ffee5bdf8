import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { de } from "./de";
import { en, type Key } from "./en";

export type Language = "en" | "de";
export type { Key };

const TEXTS: Record<Language, Record<Key, string>> = { en, de };

export const LanguageContext = createContext<Language>("en");

export const browserLanguage = (): Language => (navigator.language.startsWith("de") ? "de" : "en");

export interface Texts {
  (key: Key): string;
  language: Language;
  /** A word of the API, in the reader's language if the dictionary has it. */
  word: (code: string) => string;
  day: (moment: string | null) => string;
  time: (moment: string | null) => string;
  number: (value: number) => string;
}

const isKey = (code: string): code is Key => code in en;

export function textsOf(language: Language): Texts {
  const t = (key: Key): string => TEXTS[language][key];
  const at = (moment: string | null, options: Intl.DateTimeFormatOptions): string =>
    moment === null ? t("unknownDate") : new Intl.DateTimeFormat(language === "de" ? "de-DE" : "en-GB", options).format(new Date(moment));
  return Object.assign(t, {
    language,
    word: (code: string) => (isKey(code) ? t(code) : code),
    day: (moment: string | null) => at(moment, { year: "numeric", month: "short", day: "2-digit", timeZone: "UTC" }),
    time: (moment: string | null) => at(moment, { year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", timeZone: "UTC", timeZoneName: "short" }),
    number: (value: number) => value.toLocaleString(language === "de" ? "de-DE" : "en-GB"),
  });
}

export const useTexts = (): Texts => textsOf(useContext(LanguageContext));
