import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, URL } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import vue from "@vitejs/plugin-vue";
import { defineConfig, type Plugin } from "vitest/config";

// `make run` serves what `npm run build` makes; `npm run dev` serves the sources beside a running server.
const server = process.env["HUBBUB_SERVER"] ?? "http://127.0.0.1:8080";

/** What is loaded only when somebody wants it, and large: kept once it was wanted. */
const ON_DEMAND = /compact|highlight|console-/;

/** Puts the service worker at /sw.js, with what it keeps and a name that changes with any of it. */
function offline(): Plugin {
  const at = (path: string): URL => new URL(path, import.meta.url);
  return {
    name: "offline",
    apply: "build",
    generateBundle(_, bundle) {
      const built = Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name) && !ON_DEMAND.test(name));
      const fixed = ["/icon.svg", "/icon-192.png", "/manifest.webmanifest"];
      const files = ["/", ...fixed, ...built.sort().map((name) => `/${name}`)];
      const worker = readFileSync(at("./src/offline/worker.js"), "utf8");
      const digest = createHash("sha256")
        .update(files.join())
        .update(worker)
        .update(readFileSync(at("./index.html")));
      for (const name of fixed) digest.update(readFileSync(at(`./public${name}`)));
      const source = worker
        .replace("__VERSION__", `hubbub-${digest.digest("hex").slice(0, 16)}`)
        .replace('["__FILES__"]', JSON.stringify(files));
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    },
  };
}

/** Puts `X.br` and `X.gz` beside every file worth packing; the server serves them as they are. */
function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle)) {
        if (dir === undefined || !/\.(js|css|html|svg|json|webmanifest)$/.test(name)) continue;
        const path = join(dir, name);
        const content = readFileSync(path);
        if (content.length < 1024) continue;
        writeFileSync(`${path}.br`, brotliCompressSync(content));
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [vue(), offline(), packed()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    // Nothing inline: the Content-Security-Policy allows no `unsafe-inline` and no `data:` scripts.
    assetsInlineLimit: 0,
    // The names of all emoji, loaded when somebody looks for one.
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // Few people administer a place, so the console is by itself and not among what everybody keeps.
        chunkFileNames: ({ moduleIds }) =>
          moduleIds.some((id) => /\/(admin\/|views\/AdminView)/.test(id))
            ? "assets/console-[name]-[hash].js"
            : "assets/[name]-[hash].js",
      },
    },
  },
  server: {
    proxy: {
      "/api": server,
      "/oauth": server,
      "/ws": { target: server, ws: true },
    },
  },
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 10_000,
  },
});
