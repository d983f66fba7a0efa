/** VitePress's theme without its fonts, our colours, and the live examples, which load where they are. */
import { onContentUpdated } from 'vitepress';
import DefaultTheme from 'vitepress/theme-without-fonts';
import { defineComponent, h } from 'vue';
import { defineElements } from './live/elements.ts';
import './style.css';

const { Layout } = DefaultTheme;

export default {
  extends: DefaultTheme,
  Layout: defineComponent({
    setup() {
      onContentUpdated(() => void defineElements());
      return () => h(Layout);
    },
  }),
};
