// A session of ours that restores many complete torrents from its state folder and then has nothing to do; told and telling as
// ../programs/libtorrent_session.py in the roles `state` and `idle`. Run with --expose-gc: what is held counts, not what waits for
// the collector.
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { createSession } from '@torrential/session'
import { readConfig, say, stdinEnds } from './config.js'

const { role, host, torrents, state, idleSeconds } = await readConfig()
const session = await createSession({ host, port: 0, state })
settle()
const base = process.memoryUsage.rss()
const start = performance.now()
if (role === 'idle') await session.restore()
else
  for (const { file, directory } of torrents)
    await session.add(await readFile(file), { path: directory, trackers: false })
await Promise.all(session.torrents.map(({ ready }) => ready))
const add = (performance.now() - start) / 1000
if (role === 'idle') await idle()
await session.close()
process.exit(0)

async function idle() {
  settle()
  await pause(100)
  const before = process.cpuUsage()
  await pause(idleSeconds * 1000)
  const { user, system } = process.cpuUsage(before)
  // What is held after a while, not what adding has left behind.
  settle()
  await pause(100)
  const each = (process.memoryUsage.rss() - base) / torrents.length / 1000
  say({ values: { add, each, idle: (user + system) / 1e4 / idleSeconds }, ports: [session.port] })
  await stdinEnds()
}

function settle() {
  globalThis.gc()
  globalThis.gc()
}
