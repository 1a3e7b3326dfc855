// What a file or a stranger wrote, as a JSON object whose members are not known yet, or nothing.

export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const content: unknown = JSON.parse(text);
    return content !== null && typeof content === 'object' && !Array.isArray(content) ? { ...content } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
