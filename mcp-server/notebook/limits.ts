// Every number that bounds the notebook, with its unit and its reason.

export const NOTE_LIMITS = {
  /** One line in a list, and in a question to a person. */
  maxTitleLength: 200,
  /** Some ten pages; a few notes still fit into a model's context. */
  maxBodyLength: 20_000,
  /** Bounds what one principal can put on the disk: about 100 MB with every note at its longest. */
  maxNotesPerOwner: 5_000,
  /** Bounds the work of one call; with notes of usual length it stays below the limit of a request body. */
  maxNotesPerImport: 500,
  /** Notes written between two looks at the abort signal, in one transaction. */
  importChunkSize: 10,
  /** The same for long notes, whose words take time to index. */
  importChunkCharacters: 20_000,
  /** What a list or a search returns at most. */
  maxPageSize: 100,
  /** What they return when nobody says. */
  defaultPageSize: 20,
  /** Longer queries are no words to look for. */
  maxQueryLength: 500,
  /** Each word costs the search one pass over the list of notes that have it. */
  maxQueryWords: 16,
  /** Suggestions while somebody types: what the protocol lets one answer carry. */
  maxSuggestions: 100,
  /** How long a write waits for another process, in milliseconds. */
  busyTimeoutMs: 5_000,
} as const;
