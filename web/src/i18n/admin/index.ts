/** The words of the console, which come with it. */
import { i18n } from "@/i18n";

import { en } from "./en";
import { zh } from "./zh";

i18n.global.mergeLocaleMessage("en", { admin: en });
i18n.global.mergeLocaleMessage("zh", { admin: zh });
