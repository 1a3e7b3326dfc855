// What a server may ask of a person in the middle of a call, and how the person answers. Declared here, answered by the chat.

/** All of it but `server` is the server's word. */
export type ElicitationRequest =
  | {
      readonly mode: 'form';
      readonly server: string;
      readonly message: string;
      /** Restricted JSON Schema of MCP: a flat object of strings, numbers, booleans and enums. */
      readonly requestedSchema: Readonly<Record<string, unknown>>;
    }
  /** The person visits the URL; nothing of what happens there comes through us. It has been checked: https or loopback. */
  | { readonly mode: 'url'; readonly server: string; readonly message: string; readonly url: string };

export type ElicitationAnswer =
  | { readonly action: 'accept'; readonly content?: Readonly<Record<string, string | number | boolean | string[]>> }
  | { readonly action: 'decline' }
  | { readonly action: 'cancel' };

/** Asks the person. Rejects when `signal` aborts. Without one, a connection does not declare that it can be asked. */
export type Elicitor = (request: ElicitationRequest, signal: AbortSignal) => Promise<ElicitationAnswer>;
