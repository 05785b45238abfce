// What the servers of the tests have in common: their packages are those of the folder that they are started in, they
// are on 127.0.0.1 alone, say in one line of JSON on standard output that they are ready, and stop when their standard
// input is closed, so that a killed test leaves nothing behind, and on SIGTERM.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Server, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const LOOPBACK = '127.0.0.1'
const STOP_MS = 10_000

process.env.LOG_ENABLED ??= 'false' // read while the packages load

export const given = (name) => process.env[`PDS_TEST_${name}`]
export const secret = (bytes) => randomBytes(bytes).toString('hex')

const packages = createRequire(join(process.cwd(), 'package.json'))

// Load a package and find PROBE in it. Releases up to 0.4 are CommonJS, later ones ESM.
export async function named(name, probe) {
  const loaded = await import(pathToFileURL(packages.resolve(name)))
  return probe in loaded ? loaded : loaded.default
}

// Servers of these packages listen without naming a host, which would be every interface of the machine.
const listen = Server.prototype.listen
Server.prototype.listen = function (first, ...others) {
  if (typeof first === 'number' && typeof others[0] !== 'string') return listen.call(this, first, LOOPBACK, ...others)
  if (first?.port !== undefined && !first.host) return listen.call(this, { ...first, host: LOOPBACK }, ...others)
  return listen.call(this, first, ...others)
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, LOOPBACK, () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

// A folder that goes with the process, however it ends by itself.
export function ownFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'threadsync-pds-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

// Say that all is ready, and stop when it is no longer wanted.
export function serve(told, end) {
  let stopping = false
  const stop = async () => {
    if (stopping) return
    stopping = true
    setTimeout(() => process.exit(1), STOP_MS).unref()
    await end()
    process.exit(0)
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
  process.stdin.on('end', stop).on('close', stop).resume()
  process.stdout.write(`${JSON.stringify(told)}\n`)
}
