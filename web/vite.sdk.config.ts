import { defineConfig } from "vite";

// The SDK by itself, as `@hubbub/client`: what `web/src/client` exports, with its one dependency left outside.
export default defineConfig({
  publicDir: false,
  build: {
    outDir: "sdk/dist",
    target: "es2022",
    minify: false,
    sourcemap: true,
    lib: { entry: { index: "src/client/index.ts", widget: "src/client/widget.ts" }, formats: ["es"] },
    rolldownOptions: { external: /^@bufbuild\// },
  },
});
