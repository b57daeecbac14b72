// The soak's command line: hours of churn in virtual time. After each hour, when everybody has left, what the process holds is looked at.

import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Churn } from './churn.ts'
import { takeHeapCensus } from './heap-census.ts'
import { SoakWorld } from './soak-world.ts'
import { BYTES, growing, type Look, slopeOf } from './verdict.ts'

const usage = 'usage: node --expose-gc packages/simulation/bin/soak.js [--hours N] [--busy MINUTES] [--seed N]'
const MEBI = 2 ** 20
/** Shown after each hour; all others are judged with them. */
const SHOWN = [
  'Session',
  'Torrent',
  'SwarmEngine',
  'PeerConnection',
  'Wire',
  'MemoryStream',
  'Peer',
  'PartialPiece',
  'MetadataFetch',
  'FileStream',
]

/** Exit code: 0 flat, 1 growing or failed, 2 wrong usage. */
export async function soakMain(args: readonly string[]): Promise<number> {
  const options = optionsOf(args)
  if (options === undefined || globalThis.gc === undefined) {
    process.stderr.write(`${usage}\n`)
    return 2
  }
  const { hours, busy, seed } = options
  say(`--hours ${hours} --busy ${busy} --seed ${seed}`)
  await using world = await SoakWorld.create(seed)
  // In a file: what the looks themselves need must not be what grows.
  const looks = join(world.folder, 'looks')
  await using churn = await Churn.start(world, busy * 60_000)
  for (let hour = 1; hour <= hours; hour++) {
    await churn.hour()
    const look = await takeLook(hour, world)
    const { objects } = look
    await appendFile(looks, `${JSON.stringify({ ...look, objects: [...objects] })}\n`)
    const live = Object.fromEntries(SHOWN.map((name) => [name, objects.get(name) ?? 0]))
    const { errors, ...deeds } = churn.deeds
    const bytes = Object.fromEntries(BYTES.map((figure) => [figure, mebi(look[figure])]))
    const figures = { hour, ...bytes, timers: look.timers, live, ...deeds }
    say(JSON.stringify({ ...figures, errors: Object.fromEntries(errors) }))
  }
  return judge(await readLooks(looks))
}

async function takeLook(hour: number, world: SoakWorld): Promise<Look> {
  globalThis.gc?.()
  await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc?.()
  const { heapUsed: heap, arrayBuffers: buffers } = process.memoryUsage()
  const { objects, data } = await takeHeapCensus()
  return { hour, heap, data, buffers, timers: world.clock.pending, objects }
}

async function readLooks(path: string): Promise<Look[]> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
  return lines.map((line): Look => {
    const look = JSON.parse(line)
    return { ...look, objects: new Map(look.objects) }
  })
}

function judge(looks: readonly Look[]): number {
  const found = growing(looks)
  for (const { name, values } of found) say(`GROWING ${name}: ${values.join(' ')}`)
  for (const figure of BYTES) say(`${figure}: ${mebi(slopeOf(looks, figure))} MiB per hour after warm-up`)
  say(`${looks.at(-1)?.objects.size ?? 0} kinds of objects and fields looked at`)
  say(found.length === 0 ? 'flat' : 'GROWING')
  return found.length === 0 ? 0 : 1
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function mebi(bytes: number): number {
  return Number((bytes / MEBI).toFixed(3))
}

interface Options {
  readonly hours: number
  /** Minutes of each hour. */
  readonly busy: number
  readonly seed: number
}

function optionsOf(args: readonly string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        hours: { type: 'string', default: '24' },
        busy: { type: 'string', default: '40' },
        seed: { type: 'string', default: '1' },
      },
    })
    const [hours, busy, seed] = [Number(values.hours), Number(values.busy), Number(values.seed)]
    return hours >= 1 && busy > 0 && busy <= 40 && Number.isInteger(seed) ? { hours, busy, seed } : undefined
  } catch {
    return undefined
  }
}
