/** What the API answers (openapi.yaml) and what the modules of the widget hand to each other. */

export interface Author { name: string; url: string | null; avatar: string; badge: string | null }

export interface Comment {
  id: string;
  parent_id: string | null;
  depth: number;
  author: Author | null;
  body_html: string;
  published_at: string | null;
  edited_at: string | null;
  votes: number;
  deleted: boolean;
  /** Set on the reader's own comment that is not published: it stands in the thread for its author alone. */
  own?: Receipt;
}

export interface Article { key: string; title: string; url: string | null; open: boolean; count: number }

export interface Page { article: Article; comments: Comment[]; next: string | null; earlier?: boolean; origins: string }

export interface Receipt {
  id: string;
  status: "pending" | "approved" | "rejected" | "spam" | "deleted";
  revision: number;
  published_revision: number | null;
  body: string;
  body_html: string;
  reason: string | null;
  author: Author | null;
  parent_id: string | null;
  depth: number;
  submitted_at: string;
  may_revise: boolean;
  may_withdraw: boolean;
  token: string;
}

/** A proof of work that the service asks for, as ALTCHA v2 has it. */
export interface Challenge {
  parameters: { algorithm: string; cost: number; keyLength: number; keyPrefix: string; nonce: string; salt: string };
  signature: string;
}

/** Sends a reply by `post`, with what more the service wants of it. */
export type Carry = (post: (more?: object) => Promise<any>) => Promise<any>;

/** A refusal by the service; without a status it could not be reached. */
export interface Refusal { status?: number; code?: string; detail: string; wait?: number; challenge?: Challenge; errors?: { field: string; detail: string }[] }

/** What one browser remembers of one article: texts being written by what they answer, receipts, votes, a send under way. */
export interface Memory {
  drafts?: Record<string, string>;
  receipts?: Record<string, string>;
  votes?: Record<string, 1>;
  nonce?: string;
}

export interface Options {
  service?: string;
  site?: string;
  article?: string;
  title?: string;
  sort?: string;
  language?: string;
  theme?: string;
  pageSize?: string | number;
  reader?: Reader;
}

/** The token by which the site says who its reader is, or what gets one. */
export type Reader = string | (() => string | null | undefined | Promise<string | null | undefined>);

export interface Handle { update(options: Options): void; unmount(): void }

export type Translate = (key: number, values?: { n?: number; name?: string }) => string;

/** One mounted widget: what its modules share. */
export interface Widget {
  root: ShadowRoot;
  box: HTMLElement;
  list: HTMLElement;
  service: string;
  site: string;
  key: string;
  title: string;
  sort: string;
  size: string | number;
  reader?: Reader;
  /** The token as known.js has it, which goes along with each reply. */
  token?: string;
  language: string;
  t: Translate;
  time: (moment: string) => string;
  article: Article;
  /** Published comments as far as they are loaded, in the order of the page. */
  comments: Comment[];
  next: string | null;
  earlier: boolean;
  /** The items of the list as they are drawn, by the id of their comment. */
  items: Map<string, HTMLElement>;
  /** Comments whose replies are hidden. */
  folded: Set<string>;
  /** The reader's own comments, by id. */
  receipts: Map<string, Receipt>;
  form: Form;
  /** What comments are made of, in the words of the reader's language. */
  model: { article: HTMLElement; answers: HTMLElement; footer: HTMLElement };
  /** The comments that the reader has voted for. */
  votes: Record<string, 1>;
  /** The address of the page. */
  here: string;
  /** Finishes items that come into view. */
  seen: IntersectionObserver;
  isGone: boolean;
  /** Why there is no thread to be shown. */
  trouble: Refusal | null;
  /** Have a screen reader say something. */
  say: (text: string) => void;
}

export interface Form {
  element: HTMLElement;
  answer(comment: Comment): void;
  revise(receipt: Receipt): void;
  /** Put the form back to its place below the list, with its text or with the draft for the article itself. */
  goHome(text?: string): void;
}

export type ElementOf<T extends string> = T extends `${infer Tag}.${string}`
  ? ElementOf<Tag>
  : T extends keyof HTMLElementTagNameMap
    ? HTMLElementTagNameMap[T]
    : HTMLElement;
