// East Asian wide and full-width blocks and emoji take two cells (Unicode TR 11), combining marks none. Names in a
// progress line are all that is measured here, so whole blocks are enough.
const ZERO = /^(?:\p{Mn}|\p{Me}|\u200c|\u200d)$/u; // variation selectors are of class Mn
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

/** Cells that `text` takes in a terminal. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The beginning of `text`, at most `width` cells, ended by `…` where something was cut. */
export function truncateText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = "";
  let room = width - 1;
  for (const character of text) {
    room -= characterWidth(character);
    if (room < 0) break;
    kept += character;
  }
  return width < 1 ? "" : `${kept}…`;
}

function characterWidth(character: string): number {
  if (character < "\u0300") return 1;
  if (ZERO.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
