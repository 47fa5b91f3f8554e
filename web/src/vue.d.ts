/** What a single-file component is to tools that cannot read one; `vue-tsc` reads the real thing. */
declare module "*.vue" {
  import type { DefineComponent } from "vue";

  const component: DefineComponent<object, object, unknown>;
  export default component;
}
