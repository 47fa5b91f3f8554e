import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import vue from "eslint-plugin-vue";
import globals from "globals";
import ts from "typescript-eslint";

/** The rooms of `web/src`, each of which may import only from those before it. */
const WITHOUT_VUE = { group: ["vue", "vue/*", "vue-router", "vue-i18n", "pinia", "*.vue"] };

export default ts.config(
  { ignores: ["dist/", "sdk/dist/", "node_modules/", "src/protocol/hubbub_pb.ts", "src/protocol/errors.ts"] },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked,
  ...vue.configs["flat/recommended"],
  {
    languageOptions: {
      globals: { ...globals.browser, ...globals.worker, ...globals.serviceworker },
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        parser: ts.parser,
        extraFileExtensions: [".vue"],
      },
    },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { varsIgnorePattern: "^_", argsIgnorePattern: "^_" }],
      "@typescript-eslint/no-invalid-void-type": "off",
      "@typescript-eslint/no-unsafe-enum-assignment": "off",
      "@typescript-eslint/unbound-method": "off",
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    files: ["**/*.js", "**/*.mjs"],
    ...ts.configs.disableTypeChecked,
    languageOptions: { globals: globals.node, parserOptions: { projectService: false } },
  },
  {
    files: ["src/protocol/**"],
    rules: {
      "no-restricted-imports": ["error", { patterns: [WITHOUT_VUE, { group: ["@/*", "../*"] }] }],
    },
  },
  {
    files: ["src/client/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [WITHOUT_VUE, { regex: "^@/(?!protocol(/|$))" }, { regex: "^\\.\\./(?!protocol(/|$))" }] },
      ],
    },
  },
  { files: ["tests/**"], rules: { "@typescript-eslint/no-non-null-assertion": "off" } },
  prettier,
);
