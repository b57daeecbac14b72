// Which files of a torrent are downloaded, as far as that is said when it is added.

import type { FileRange, Metainfo } from '@torrential/metainfo'
import type { AddOptions } from './options.ts'

/** By the index in the metainfo. `ranges`: of a magnet link (BEP 53), unless the options select; empty means all. */
export function wantedBy(
  metainfo: Metainfo,
  options: AddOptions,
  ranges: readonly FileRange[],
): (file: number) => boolean {
  const { select } = options
  if (select === undefined) {
    return (file) => ranges.length === 0 || ranges.some(({ start, end }) => file >= start && file < end)
  }
  let index = 0
  const wanted = metainfo.files.map(({ pad, path, length }) => !pad && select({ path, length, index: index++ }))
  return (file) => wanted[file] === true
}
