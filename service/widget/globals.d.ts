/** What build.mjs puts in place of these names. */
declare const STYLE: string;
declare const ENGLISH: (string | Record<string, string>)[];
declare const LOCALES: string;
declare const LANGUAGES: string;
declare const CHECKING: Record<string, string>;
declare const WRITING: Record<string, string>;

interface Window {
  Postbag?: { mount: (element: HTMLElement, options?: import("./types").Options) => import("./types").Handle; counts: () => void };
  trustedTypes?: { createPolicy(name: string, rules: { createHTML(html: string): string }): { createHTML(html: string): any } };
}
