// node embed.mjs DIST OUTPUT.cpp: the files below DIST as what src/server/page_files.hpp declares.
// They are taken in by the assembler, so that the compiler has nothing to read. Equal files give
// equal bytes.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const kTypes = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    })
    .sort();
}

function taken(symbol, path) {
  return [
    `asm(".section .rodata\\n"`,
    `    ".global ${symbol}\\n.global ${symbol}_end\\n"`,
    `    "${symbol}:\\n.incbin \\"${path}\\"\\n${symbol}_end:\\n"`,
    `    ".byte 0\\n.previous\\n");`,
    `extern "C" const char ${symbol}[];`,
    `extern "C" const char ${symbol}_end[];`,
  ].join('\n');
}

const [dist, output] = process.argv.slice(2).map((path) => resolve(path));
const packed = join(dirname(output), 'packed');
mkdirSync(packed, { recursive: true });

const parts = [];
const rows = [];
filesBelow(dist).forEach((path, index) => {
  const type = kTypes[extname(path)];
  if (!type) throw new Error(`${path}: no Content-Type is known for it`);
  const symbol = `muster_page_${index}`;
  const zipped = join(packed, `${index}.gz`);
  writeFileSync(zipped, gzipSync(readFileSync(path), { level: 9 }));
  parts.push(taken(symbol, path), taken(`${symbol}_gz`, zipped));
  const view = (name) => `{${name}, static_cast<std::size_t>(${name}_end - ${name})}`;
  const url = `/${relative(dist, path).split('\\').join('/')}`;
  rows.push(`      {"${url}", "${type}",\n       ${view(symbol)},\n       ${view(`${symbol}_gz`)}},`);
});

writeFileSync(
  output,
  `// Made of web/ by the build. Not to be changed by hand.
#include "server/page_files.hpp"

${parts.join('\n')}

namespace muster::server {

std::span<const PageFile> page_files() {
  static const PageFile kFiles[] = {
${rows.join('\n')}
  };
  return kFiles;
}

}  // namespace muster::server
`,
);
