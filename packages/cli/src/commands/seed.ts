// `torrential seed`: shares data that is complete, until a signal. Of a .torrent the data must be on disk already, whole: what
// is missing is never downloaded here, so that a mistyped folder is an error rather than a download. A file or folder is hashed
// first and its torrent kept in memory (or written with --output).

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metainfo } from '@torrential/metainfo'
import { InputError } from '@torrential/primitives'
import type { Torrent } from '@torrential/session'
import type { CliContext } from '../cli-context.ts'
import type { SwarmOptions } from '../connection-options.ts'
import { CommandError } from '../failure.ts'
import { SwarmRun } from '../swarm-run.ts'
import { isTorrentSource, loadTorrent } from '../torrent-source.ts'
import { type VersionOptions, versionOf } from '../torrent-version.ts'
import { writeTorrentFile } from '../write-torrent-file.ts'

export interface SeedOptions extends SwarmOptions, VersionOptions {
  /** Folder that holds the data of a .torrent. @default the current folder */
  readonly path?: string
  /** Where to write the .torrent. */
  readonly output?: string
  /** Announced to besides the torrent's own. */
  readonly tracker: readonly string[]
}

/** Ends by a signal, or with 1 when the data is not complete or the disk fails. */
export async function seed(source: string, options: SeedOptions, context: CliContext): Promise<number> {
  const metainfo = isTorrentSource(source) ? await loadTorrent(source, context) : undefined
  if (metainfo === undefined) await requireData(source, options)
  else await requireFiles(metainfo, options)
  await using run = await SwarmRun.open({ ...options, tellsReady: false }, context)
  const torrent = await add(source, metainfo, run, options, context)
  if (options.output !== undefined) await writeTorrentFile(options.output, torrent.torrentFile)
  if (!(await run.untilChecked(torrent))) return run.exitCode
  if (!torrent.isComplete) throw incomplete(torrent)
  await torrent.start()
  await run.tellReady(torrent)
  await run.untilStopped()
  return run.exitCode
}

function add(
  source: string,
  metainfo: Metainfo | undefined,
  run: SwarmRun,
  options: SeedOptions,
  { signal }: CliContext,
): Promise<Torrent> {
  const trackers = options.tracker.map((url) => [url])
  const shared = { peers: run.peers, signal, start: false, ...(trackers.length > 0 && { trackers }) }
  const version = versionOf(options)
  if (metainfo === undefined) return run.session.seed(source, { ...shared, ...(version !== undefined && { version }) })
  return run.session.add(metainfo, { ...shared, path: options.path ?? '.' })
}

async function requireData(path: string, options: SeedOptions): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new InputError('SOURCE_NOT_FOUND', `there is no file or folder ${path}`, { path })
  if (options.path !== undefined) {
    throw new InputError(
      'OPTION_CONFLICT',
      '--path says where the data of a .torrent is; a file or folder is its own data',
    )
  }
}

/** Before anything is hashed: a folder that does not hold the files is noticed at once, and stays untouched. */
async function requireFiles(metainfo: Metainfo, options: SeedOptions): Promise<void> {
  if (versionOf(options) !== undefined) {
    throw new InputError('OPTION_CONFLICT', '--v1, --v2 and --hybrid are for a torrent that is made on the fly')
  }
  const { path: folder = '.' } = options
  for (const { path, length, pad } of metainfo.files) {
    if (pad) continue
    const found = await stat(join(folder, path)).catch(() => undefined)
    if (found === undefined) throw new CommandError('INCOMPLETE', `${path} is not in ${folder}`, { path })
    if (found.size === length) continue
    throw new CommandError('INCOMPLETE', `${path} has ${found.size} bytes instead of ${length}`, { path })
  }
}

function incomplete(torrent: Torrent): CommandError {
  const { have, of } = torrent.stats
  const text = `${torrent.name}: only ${have} of ${of} pieces are good in ${torrent.path}`
  return new CommandError('INCOMPLETE', text, { have, of })
}
