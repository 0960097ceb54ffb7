/**
 * The digits of a number that JSON.parse would round: the value of `key` in the outermost object of `text`, which must be
 * valid JSON. Undefined when there is no such key or its value is not a number; of several the last counts, as in
 * JSON.parse.
 */
export function topLevelNumber(text: string, key: string): string | undefined {
  let found: string | undefined;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (character === OPEN_OBJECT || character === OPEN_LIST) depth++;
    else if (character === CLOSE_OBJECT || character === CLOSE_LIST) depth--;
    else if (character === QUOTE) {
      const end = stringEnd(text, index);
      if (depth === 1 && end - index === key.length + 1 && text.startsWith(key, index + 1)) {
        VALUE.lastIndex = end + 1;
        const value = VALUE.exec(text);
        if (value !== null) found = value[1];
      }
      index = end;
    }
  }
  return found;
}

/**
 * True when `text` has more than `limit` objects, lists and commas outside of strings: about as many values would come of
 * it. Looks at each character at most once; `text` need not be valid JSON.
 */
export function hasMoreElementsThan(text: string, limit: number): boolean {
  let found = 0;
  for (let index = 0; index < text.length && found <= limit; index++) {
    const character = text.charCodeAt(index);
    if (character === OPEN_OBJECT || character === OPEN_LIST || character === COMMA) found++;
    else if (character === QUOTE) index = stringEnd(text, index);
  }
  return found > limit;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
/** What follows a key. After a string that is a value there is no colon. */
const VALUE = /[ \t\r\n]*:[ \t\r\n]*(-?\d[-+.\deE]*)?/y;

/** Index of the quote that ends the string which starts at `start`. */
function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
