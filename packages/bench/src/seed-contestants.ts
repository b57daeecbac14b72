// Two programs that seed the same torrent to the same leech (libtorrent). Wall time is the leech's, from start to end; CPU and
// memory are the seed's own, CPU without its start and its check of the files.
import { type Ground, Program, until } from '@torrential/interop'
import type { Contestant, Round } from './contest.ts'
import { libtorrentDownload, OURS } from './leech-contestants.ts'
import type { Material } from './material.ts'
import { measure, type Measurement } from './measured-run.ts'
import { usageOf } from './process-usage.ts'
import { torrentialCommand } from './torrential-command.ts'
import { warmSeed } from './warm-seed.ts'

interface RunningSeed extends AsyncDisposable {
  readonly address: string
  readonly pid: number
}

/** Ourselves first. */
export function seedContestants(ground: Ground, material: Material): Contestant[] {
  return [
    { name: OURS, run: (round) => serve(ground, material, round, () => startOurs(ground, material)) },
    { name: 'libtorrent', run: (round) => serve(ground, material, round, () => startLibtorrent(ground, material)) },
  ]
}

async function serve(
  ground: Ground,
  material: Material,
  { target, figures, deadline }: Round,
  start: () => Promise<RunningSeed>,
): Promise<Measurement> {
  await using seed = await start()
  const before = await usageOf(seed.pid)
  const command = await libtorrentDownload(ground.host, material, seed.address, target)
  const { wallSeconds, othersShare } = await measure(command, { figures, deadline, companions: [seed.pid] })
  const after = await usageOf(seed.pid)
  return { wallSeconds, cpuSeconds: after.cpuSeconds - before.cpuSeconds, peakBytes: after.peakBytes, othersShare }
}

async function startLibtorrent(ground: Ground, material: Material): Promise<RunningSeed> {
  const peer = await warmSeed(ground, material)
  return { address: peer.address, pid: peer.pid, [Symbol.asyncDispose]: () => peer.stop() }
}

async function startOurs(ground: Ground, material: Material): Promise<RunningSeed> {
  const where = ['--path', material.source, '--host', ground.host, '--port', '0']
  const { command, args } = torrentialCommand('seed', material.torrentFile, ...where, '--json')
  const program = ground.own(new Program({ name: OURS, command, args }))
  let port: number | undefined
  program.onLine((line) => {
    const event = JSON.parse(line) as { type: string; port?: number }
    if (event.type === 'ready') port = event.port
  })
  const ready = await until(
    'torrential to be ready',
    () => {
      program.assertRunning()
      return port
    },
    { detail: () => program.tail() },
  )
  return { address: `${ground.host}:${ready}`, pid: program.pid, [Symbol.asyncDispose]: () => program.stop() }
}
