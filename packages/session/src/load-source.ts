// From whatever a user hands to `add` to a parsed torrent. Everything is capped at the size of the largest torrent that is
// accepted, before it is read or parsed.

import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Magnet, type Metainfo, type ParseOptions, parseMagnet, parseTorrent } from '@torrential/metainfo'
import { InputError, isTorrentialError } from '@torrential/primitives'

/** A path, a `file:`, `http:` or `https:` URL, the bytes of a .torrent, a magnet link, or either of them parsed. */
export type TorrentSource = string | URL | Uint8Array | Metainfo | Magnet

const mostBytes = 10_000_000
const fetchTimeout = 30_000

/** What a parsed source is: a magnet link has no info dictionary. */
export function isMetainfo(parsed: Metainfo | Magnet): parsed is Metainfo {
  return 'infoBytes' in parsed
}

/** The magnet link that a source is, or undefined. @throws InputError `MAGNET_…` when it is a malformed one */
export function magnetOf(source: TorrentSource): Magnet | undefined {
  if (source instanceof Uint8Array) return undefined
  if (typeof source === 'object' && !(source instanceof URL)) return isMetainfo(source) ? undefined : source
  const text = String(source)
  return /^magnet:/i.test(text) ? parseMagnet(text) : undefined
}

/**
 * The torrent that a source is. Of a magnet link only the infohash is known: hand that to `session.add`.
 * @throws InputError `SOURCE_NOT_FOUND`, `SOURCE_UNREADABLE`, `SOURCE_TOO_LARGE`, `SOURCE_FETCH`, `SOURCE_MAGNET`, or the
 * code of what is wrong inside (`TORRENT_…`, `BENCODE_…`, `MAGNET_…`)
 */
export async function loadSource(
  source: TorrentSource,
  signal?: AbortSignal,
  options?: Pick<ParseOptions, 'paths'>,
): Promise<Metainfo> {
  if (source instanceof Uint8Array) return parseTorrent(source, options)
  if (magnetOf(source) !== undefined) {
    throw new InputError('SOURCE_MAGNET', 'a magnet link only names a torrent; its metadata comes from peers')
  }
  if (typeof source === 'object' && !(source instanceof URL)) return source as Metainfo
  const text = String(source)
  if (/^https?:/i.test(text)) return parseTorrent(await fetchTorrent(text, signal), options)
  return parseTorrent(await readTorrent(/^file:/i.test(text) ? fileURLToPath(text) : text), options)
}

async function readTorrent(path: string): Promise<Uint8Array> {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    if (size > mostBytes) throw tooLarge(path)
    return new Uint8Array(await file.readFile())
  } catch (error) {
    if (isTorrentialError(error)) throw error
    const { code } = error as { code?: string }
    if (code === 'ENOENT') throw new InputError('SOURCE_NOT_FOUND', `there is no file ${path}`, { path, cause: error })
    throw new InputError('SOURCE_UNREADABLE', `${path} cannot be read (${code ?? 'unknown'})`, { path, cause: error })
  }
}

async function fetchTorrent(url: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const abort = new AbortController()
  const onAbort = () => abort.abort(signal?.reason)
  const timeout = setTimeout(() => abort.abort(new Error('timed out')), fetchTimeout)
  signal?.throwIfAborted()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    const response = await fetch(url, { signal: abort.signal })
    if (!response.ok) throw new InputError('SOURCE_FETCH', `${url} answered ${response.status}`, { url })
    return await readCapped(response, url)
  } catch (error) {
    if (isTorrentialError(error)) throw error
    signal?.throwIfAborted()
    throw new InputError('SOURCE_FETCH', `${url} cannot be fetched`, { url, cause: error })
  } finally {
    clearTimeout(timeout)
    signal?.removeEventListener('abort', onAbort)
  }
}

async function readCapped(response: Response, url: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > mostBytes) throw tooLarge(url)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function tooLarge(what: string): InputError {
  return new InputError('SOURCE_TOO_LARGE', `${what} is larger than ${mostBytes} bytes`, { limit: mostBytes })
}
