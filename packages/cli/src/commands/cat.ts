// `torrential cat`: one file of a torrent to stdout, in order, while it downloads. The stream's read window fetches what stdout
// needs next; a slow reader of stdout holds one chunk back and nothing piles up in memory. Only the one file is downloaded.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Magnet, Metainfo } from '@torrential/metainfo'
import { withAbort } from '@torrential/primitives'
import type { TorrentFile } from '@torrential/session'
import type { CliContext } from '../cli-context.ts'
import { type ConnectionOptions, openSession } from '../connection-options.ts'
import { drainedWrite } from '../drained-write.ts'
import { EXIT } from '../exit-code.ts'
import { chooseFile } from '../file-globs.ts'
import { loadTorrent, magnetOf } from '../torrent-source.ts'

export interface CatOptions extends ConnectionOptions {
  /** Folder that keeps the data. @default a temporary one */
  readonly path?: string
}

/** Exit code 0 once the whole file was written. */
export async function cat(
  source: string,
  wanted: string | undefined,
  options: CatOptions,
  context: CliContext,
): Promise<number> {
  const magnet = magnetOf(source)
  const metainfo = magnet === undefined ? await loadTorrent(source, context) : undefined
  const listed = metainfo?.files.filter((file) => !file.pad)
  // Before anything is connected: what the user named must be there, and an empty file needs no swarm.
  if (listed !== undefined && chooseFile(listed, wanted).length === 0) return EXIT.done
  const origin = magnet ?? (metainfo as Metainfo)
  if (options.path !== undefined) return streamInto(options.path, origin, wanted, options, context)
  const folder = await mkdtemp(join(tmpdir(), 'torrential-cat-'))
  try {
    return await streamInto(folder, origin, wanted, options, context)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function streamInto(
  folder: string,
  origin: Metainfo | Magnet,
  wanted: string | undefined,
  options: CatOptions,
  context: CliContext,
): Promise<number> {
  const { session, peers } = await openSession(options, undefined, context)
  await using _ = session
  const { signal } = context
  const add = { path: folder, peers, sequential: true, select: () => false, signal }
  const torrent = await session.add(origin, add)
  if (!torrent.hasMetadata) await withAbort(torrent.ready, signal)
  const chosen = chooseFile(torrent.files, wanted)
  chosen.priority = 4
  await streamFile(chosen, context)
  return EXIT.done
}

async function streamFile(file: TorrentFile, { stdout, signal }: CliContext): Promise<void> {
  const stream = file.stream()
  const onAbort = () => {
    stream.destroy(signal.reason as Error)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    signal.throwIfAborted()
    for await (const chunk of stream) await drainedWrite(stdout, chunk)
    signal.throwIfAborted()
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
