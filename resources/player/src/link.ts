// The page's end of the line to Python: messages come by a long poll, reports go by a request each.

export interface Header { kind: string; request?: number; [key: string]: any }

export class Link {
  private base: string;
  /** Reports leave one after the other, so that they arrive in order. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(token: string) {
    this.base = `replay://data/${token}`;
  }

  /** Hand each message to `handle`, one at a time, until the line is closed. */
  async listen(handle: (header: Header, body: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for (;;) {
      let bytes: Uint8Array;
      try {
        const response = await fetch(`${this.base}/next`, { method: "POST", cache: "no-store" });
        bytes = new Uint8Array(await response.arrayBuffer());
      } catch {
        return;
      }
      for (let at = 0; at < bytes.length;) {
        const end = bytes.indexOf(10, at);
        const header = JSON.parse(decoder.decode(bytes.subarray(at, end))) as Header;
        at = end + 1 + (header.size as number);
        handle(header, decoder.decode(bytes.subarray(end + 1, at)));
      }
    }
  }

  report(message: Record<string, unknown>): void {
    // In the query: Qt for Python cannot read the body of a request.
    const url = `${this.base}/report?${encodeURIComponent(JSON.stringify(message))}`;
    this.last = this.last.then(() => fetch(url, { method: "POST", cache: "no-store" })).catch(() => undefined);
  }
}
