// Each item is in exactly one slice, and the slices' sizes differ by at most one.
export function sliceOf(items, index, total) {
  return items.filter((_, position) => position % total === index);
}
