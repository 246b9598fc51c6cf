// Text from outside, fit to be looked at: what would change the order or the looks of other text is
// shown as what it is.

export function isBidi(code: number): boolean {
  return (
    code === 0x061c ||
    code === 0x200e ||
    code === 0x200f ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069)
  );
}

export function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029;
}

export function codeName(code: number): string {
  return `‹${code.toString(16).toUpperCase().padStart(4, '0')}›`;
}

export const kLongestName = 300;

// A name on one line: of a branch, a job, a runner.
export function visible(text: string, longest = kLongestName): string {
  const cut = text.length > longest;
  let shown = '';
  for (const character of cut ? text.slice(0, longest) : text) {
    const code = character.codePointAt(0) ?? 0;
    if (code === 0x09 || code === 0x0a) shown += ' ';
    else shown += isControl(code) || isBidi(code) ? codeName(code) : character;
  }
  return cut ? shown + '…' : shown;
}
