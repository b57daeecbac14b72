// What users name on the command line: a .torrent, the URL of one, a magnet link, or `-`.

import { type Magnet, type Metainfo, parseMagnet, parseTorrent } from '@torrential/metainfo'
import { type AbortOptions, InputError } from '@torrential/primitives'
import { loadSource } from '@torrential/session/source'
import type { CliContext } from './cli-context.ts'

/** bytes, as for .torrent files */
const mostBytes = 10_000_000

/** What a source turned out to be. */
export type Described =
  | { readonly kind: 'torrent'; readonly metainfo: Metainfo }
  | { readonly kind: 'magnet'; readonly magnet: Magnet }

/** True for what can only be a torrent, never a file or folder to share. */
export function isTorrentSource(source: string): boolean {
  return source === '-' || /^(?:magnet:|https?:\/\/)/i.test(source) || /\.torrent$/i.test(source)
}

/**
 * The torrent behind `source`.
 * @throws InputError `SOURCE_…` (`SOURCE_MAGNET` for a magnet link), `TORRENT_…`, `BENCODE_…`
 */
export async function loadTorrent(source: string, context: CliContext): Promise<Metainfo> {
  if (source === '-') return parseTorrent(await readStdin(context))
  return loadSource(source, context.signal)
}

/** The magnet link that `source` is, or undefined. @throws InputError `MAGNET_…` */
export function magnetOf(source: string): Magnet | undefined {
  return /^magnet:/i.test(source) ? parseMagnet(source) : undefined
}

/** The torrent or the magnet link behind `source`. @throws InputError as `loadTorrent`, and `MAGNET_…` */
export async function describeSource(source: string, context: CliContext): Promise<Described> {
  const magnet = magnetOf(source)
  if (magnet !== undefined) return { kind: 'magnet', magnet }
  return { kind: 'torrent', metainfo: await loadTorrent(source, context) }
}

async function readStdin({ stdin, signal }: Pick<CliContext, 'stdin'> & AbortOptions): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stdin) {
    signal?.throwIfAborted()
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    length += bytes.length
    if (length > mostBytes) throw new InputError('SOURCE_TOO_LARGE', `stdin is longer than ${mostBytes} bytes`)
    chunks.push(bytes)
  }
  return new Uint8Array(Buffer.concat(chunks))
}
