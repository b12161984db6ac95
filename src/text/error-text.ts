/** What an error says: its message, or the value itself where something else than an Error was thrown. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
