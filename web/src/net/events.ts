// Server-sent events out of the text of an answer
// (https://html.spec.whatwg.org/multipage/server-sent-events.html), as far as our server makes use
// of them: a name, an id, and data of one line.

export interface StreamEvent {
  name: string;
  id: string;
  data: string;
}

export class EventParser {
  private rest = '';
  private fields = new Map<string, string>();

  // The events that are whole with this piece of the text.
  push(piece: string): StreamEvent[] {
    const lines = (this.rest + piece).split('\n');
    this.rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): StreamEvent[] {
    if (line !== '') {
      const colon = line.indexOf(': ');
      if (colon > 0) this.fields.set(line.slice(0, colon), line.slice(colon + 2));
      return [];
    }
    const { fields } = this;
    this.fields = new Map();
    const data = fields.get('data');
    if (data === undefined) return []; // a comment, or when to try again
    return [{ name: fields.get('event') ?? '', id: fields.get('id') ?? '', data }];
  }
}
