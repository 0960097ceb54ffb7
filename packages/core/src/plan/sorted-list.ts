/** Puts an element into an ascending list, behind its equals. */
export function insertSorted<T>(list: T[], element: T, compare: (a: T, b: T) => number): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = list[middle];
    if (other !== undefined && compare(other, element) <= 0) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, element);
}
