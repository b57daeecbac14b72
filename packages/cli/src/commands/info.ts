// `torrential info`: what torrents and magnet links say, without touching any swarm. Every source is tried, whatever happened
// to those before it.

import type { CliContext } from '../cli-context.ts'
import { drainedWrite } from '../drained-write.ts'
import { EXIT } from '../exit-code.ts'
import { failureLine, failureOf, stackOf } from '../failure.ts'
import { jsonLine } from '../json-lines.ts'
import { describeSource } from '../torrent-source.ts'
import { describeSummary, summarizeMagnet, summarizeTorrent, type TorrentSummary } from '../torrent-summary.ts'

export interface InfoOptions {
  /** One JSON object per source: a `TorrentSummary`, or `{ source, error: { code, message } }`. */
  readonly json?: boolean
}

/** Exit code 0, or 2 when any source could not be read. */
export async function info(sources: readonly string[], options: InfoOptions, context: CliContext): Promise<number> {
  let code: number = EXIT.done
  let first = true
  for (const source of sources) {
    context.signal.throwIfAborted()
    try {
      const summary = await summarize(source, context)
      const text = options.json === true ? jsonLine(summary) : `${first ? '' : '\n'}${describeSummary(summary)}`
      await drainedWrite(context.stdout, text)
      first = false
    } catch (error) {
      context.signal.throwIfAborted()
      code = EXIT.badInput
      const failure = failureOf(error)
      context.stderr.write(failureLine({ code: failure.code, message: `${source.slice(0, 200)}: ${failure.message}` }))
      if (context.env.TORRENTIAL_DEBUG === '1') context.stderr.write(stackOf(error))
      if (options.json === true) await drainedWrite(context.stdout, jsonLine({ source, error: failure }))
    }
  }
  return code
}

async function summarize(source: string, context: CliContext): Promise<TorrentSummary> {
  const described = await describeSource(source, context)
  switch (described.kind) {
    case 'torrent':
      return summarizeTorrent(source, described.metainfo)
    case 'magnet':
      return summarizeMagnet(source, described.magnet)
    default:
      throw described satisfies never
  }
}
