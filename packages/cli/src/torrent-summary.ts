// A torrent or a magnet link as `info` shows it. The keys and their order are a contract with scripts; what a magnet link
// cannot know is null.

import type { Magnet, Metainfo } from '@torrential/metainfo'
import { toHex } from '@torrential/primitives'
import { oneLine } from './failure.ts'
import { formatBytes } from './quantity.ts'

/** One line of `info --json`. Hashes are lower-case hexadecimal, lengths bytes; null stands for absent or unknown. */
export interface TorrentSummary {
  readonly source: string
  readonly name: string | null
  readonly infoHashV1: string | null
  readonly infoHashV2: string | null
  readonly version: 'v1' | 'v2' | 'hybrid'
  readonly length: number | null
  readonly pieceLength: number | null
  readonly pieceCount: number | null
  readonly private: boolean | null
  /** Tiers (BEP 12). */
  readonly trackers: readonly (readonly string[])[]
  readonly webSeeds: readonly string[]
  /** Without padding; `path` is the safe relative path with `/`, the torrent's name first. */
  readonly files: readonly { readonly path: string; readonly length: number }[] | null
  readonly comment: string | null
  readonly createdBy: string | null
  /** Unix seconds. */
  readonly creationDate: number | null
}

export function summarizeTorrent(source: string, metainfo: Metainfo): TorrentSummary {
  return {
    source,
    name: metainfo.name,
    infoHashV1: hexOrNull(metainfo.infoHashV1),
    infoHashV2: hexOrNull(metainfo.infoHashV2),
    version: metainfo.version,
    length: metainfo.length,
    pieceLength: metainfo.geometry.pieceLength,
    pieceCount: metainfo.geometry.pieceCount,
    private: metainfo.private,
    trackers: metainfo.trackers,
    webSeeds: metainfo.webSeeds,
    files: metainfo.files.filter((file) => !file.pad).map(({ path, length }) => ({ path, length })),
    comment: metainfo.comment ?? null,
    createdBy: metainfo.createdBy ?? null,
    creationDate: metainfo.creationDate ?? null,
  }
}

export function summarizeMagnet(source: string, magnet: Magnet): TorrentSummary {
  const { infoHashV1, infoHashV2 } = magnet
  return {
    source,
    name: magnet.name ?? null,
    infoHashV1: hexOrNull(infoHashV1),
    infoHashV2: hexOrNull(infoHashV2),
    version: infoHashV2 === undefined ? 'v1' : infoHashV1 === undefined ? 'v2' : 'hybrid',
    length: magnet.length ?? null,
    pieceLength: null,
    pieceCount: null,
    private: null,
    trackers: magnet.trackers.length === 0 ? [] : [magnet.trackers],
    webSeeds: magnet.webSeeds,
    files: null,
    comment: null,
    createdBy: null,
    creationDate: null,
  }
}

/** For people: one fact per line, then the files. */
export function describeSummary(summary: TorrentSummary): string {
  const { length, pieceLength, pieceCount, creationDate } = summary
  const facts: readonly (readonly [string, string | null])[] = [
    ['name', summary.name],
    ['infohash v1', summary.infoHashV1],
    ['infohash v2', summary.infoHashV2],
    ['version', summary.version],
    ['size', length === null ? null : `${formatBytes(length)} (${length} bytes)`],
    ['pieces', pieceLength === null ? null : `${pieceCount} of ${formatBytes(pieceLength)}`],
    ['private', summary.private === true ? 'yes' : null],
    ...summary.trackers.map((tier, index) => [index === 0 ? 'trackers' : '', tier.join('  ')] as const),
    ...summary.webSeeds.map((url, index) => [index === 0 ? 'web seeds' : '', url] as const),
    ['comment', summary.comment],
    ['created by', summary.createdBy],
    ['created', creationDate === null ? null : describeDate(creationDate)],
    ['files', summary.files === null ? null : String(summary.files.length)],
  ]
  const lines = facts.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(12)} ${oneLine(value)}`]))
  for (const file of summary.files ?? []) lines.push(`  ${formatBytes(file.length).padStart(9)}  ${oneLine(file.path)}`)
  return `${lines.join('\n')}\n`
}

/** Dates in torrents go up to 2^53 - 1 seconds; JavaScript's do not. */
function describeDate(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? `${seconds} s after 1970` : date.toISOString()
}

function hexOrNull(hash: Uint8Array | undefined): string | null {
  return hash === undefined ? null : toHex(hash)
}
