// A file of the state folder from its first byte to its last.

import type { OpenFile } from '@torrential/storage'

/** As many parts go to the system at a time. */
const MOST_PARTS = 256

/** Undefined when it is longer than `limit` bytes. Rejects when it ends before its size. */
export async function readWhole(file: OpenFile, limit: number): Promise<Uint8Array | undefined> {
  const { size } = await file.stat()
  if (size > limit) return undefined
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; ) {
    const count = await file.read(bytes, at, size - at, at)
    if (count === 0) throw new Error('the file ends before its size')
    at += count
  }
  return bytes
}

/** All of `parts`, one behind the other, from `position` on. */
export async function writeWhole(file: OpenFile, parts: readonly Uint8Array[], position: number): Promise<void> {
  let at = position
  let rest = parts.filter(({ length }) => length > 0)
  while (rest.length > 0) {
    let count = await file.write(rest.slice(0, MOST_PARTS), at)
    if (count === 0) throw new Error('the system takes no more bytes')
    at += count
    let whole = 0
    for (let next = rest[0]; next !== undefined && count >= next.length; next = rest[whole]) {
      count -= next.length
      whole++
    }
    const [first, ...others] = rest.slice(whole)
    rest = first === undefined ? [] : [first.subarray(count), ...others]
  }
}
