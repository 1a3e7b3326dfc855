// A failure that the model may read and act on; its message goes out as the tool's error result. It stays outside of the
// server's own errors: it ends a call, never the process.

export class ToolError extends Error {
  override readonly name = 'ToolError';
}
