// `torrential edit`: what a .torrent says outside of its info dictionary – trackers, web seeds, comment. The infohashes stay, so
// the swarm does. The file is replaced as a whole or not at all.

import { editTorrent, type Metainfo, parseTorrent, type TorrentChanges } from '@torrential/metainfo'
import { InputError, toHex } from '@torrential/primitives'
import type { CliContext } from '../cli-context.ts'
import { EXIT } from '../exit-code.ts'
import type { EditedLine } from '../json-lines.ts'
import { openReporter } from '../open-reporter.ts'
import { loadTorrent } from '../torrent-source.ts'
import { writeTorrentFile } from '../write-torrent-file.ts'

export interface EditOptions {
  /** @default the source itself */
  readonly output?: string
  /** Instead of all that there are; each is a tier of its own. */
  readonly tracker: readonly string[]
  readonly addTracker: readonly string[]
  readonly removeTracker: readonly string[]
  /** False removes all. */
  readonly trackers: boolean
  /** Instead of all that there are. */
  readonly webSeed: readonly string[]
  readonly addWebSeed: readonly string[]
  readonly removeWebSeed: readonly string[]
  /** False removes all. */
  readonly webSeeds: boolean
  /** False removes it. */
  readonly comment?: string | false
  readonly json?: boolean
}

/** @throws InputError `OPTION_MISSING` (nothing to change, nowhere to write), `EDIT_UNKNOWN` (not there to be removed) */
export async function edit(source: string, options: EditOptions, context: CliContext): Promise<number> {
  const output = outputOf(source, options)
  const before = await loadTorrent(source, context)
  const changes = changesOf(before, options)
  if (Object.keys(changes).length === 0) {
    throw new InputError('OPTION_MISSING', 'say what to change; `torrential edit --help` lists what can be')
  }
  const bytes = editTorrent(before.bytes, changes)
  const after = parseTorrent(bytes)
  await writeTorrentFile(output, bytes)
  using reporter = openReporter(options.json === true, context)
  await reporter.tell(editedLine(output, after))
  return EXIT.done
}

function outputOf(source: string, { output }: EditOptions): string {
  if (output !== undefined) return output
  if (source !== '-' && !/^(?:magnet:|https?:\/\/)/i.test(source)) return source
  throw new InputError(
    'OPTION_MISSING',
    'only a file can be replaced by what becomes of it; say where to write with -o',
  )
}

function changesOf(metainfo: Metainfo, options: EditOptions): TorrentChanges {
  const trackers = listAfter(
    metainfo.trackers,
    { clear: !options.trackers, set: options.tracker, add: options.addTracker, remove: options.removeTracker },
    'tracker',
  )
  const webSeeds = listAfter(
    metainfo.webSeeds.map((url) => [url]),
    { clear: !options.webSeeds, set: options.webSeed, add: options.addWebSeed, remove: options.removeWebSeed },
    'web seed',
  )
  const { comment } = options
  return {
    ...(trackers && { trackers }),
    ...(webSeeds && { webSeeds: webSeeds.flat() }),
    ...(comment !== undefined && { comment: comment === false ? null : comment }),
  }
}

interface ListChanges {
  readonly clear: boolean
  readonly set: readonly string[]
  readonly add: readonly string[]
  readonly remove: readonly string[]
}

type Tiers = readonly (readonly string[])[]

/** The tiers after the changes; `undefined` when there are none. */
function listAfter(tiers: Tiers, { clear, set, add, remove }: ListChanges, what: string): Tiers | undefined {
  if (!clear && set.length + add.length + remove.length === 0) return undefined
  const kept = clear || set.length > 0 ? [] : tiers
  for (const url of remove) {
    if (!kept.some((tier) => tier.includes(url))) {
      throw new InputError('EDIT_UNKNOWN', `there is no ${what} ${url} to remove`, { url })
    }
  }
  const left = kept.map((tier) => tier.filter((url) => !remove.includes(url)))
  const known = new Set(left.flat())
  const added = [...new Set([...set, ...add])].filter((url) => !known.has(url))
  return [...left.filter((tier) => tier.length > 0), ...added.map((url) => [url])]
}

function editedLine(path: string, { name, infoHashV1, infoHashV2, trackers, webSeeds, comment }: Metainfo): EditedLine {
  return {
    type: 'edited',
    path,
    name,
    infoHashV1: infoHashV1 === undefined ? null : toHex(infoHashV1),
    infoHashV2: infoHashV2 === undefined ? null : toHex(infoHashV2),
    trackers,
    webSeeds,
    comment: comment ?? null,
  }
}
