/**
 * What a word beside a 12-hour time says. `night` is a day part that spans midnight: late hours of it are evening,
 * early ones morning. `noon` spans midday. `none` is a word that says nothing of the half of the day.
 */
export type DayPart = "am" | "pm" | "noon" | "night" | "none";

// Keys are lower case without dots, spaces or marks: see `wordKey`. Written from the locales' own words.
const WORDS: Record<Exclude<DayPart, "none">, string> = {
  am:
    "am a vm fm sa öö de dop ap fh pd dp тң ص قم پیشازظهر צ לפנהצ לפנהצהריים πμ пробед пробяд предиобяд преподне претпл претпладне " +
    "rn yb paradites eparadites priešpiet priekšp to පෙව পূর্বাহ্ণ पूर्वाह्न सकाळी मपू सुबह ਪੂਦੁ முற்பகல் ఉదయం పూర్వాహ్న ಪೂರ್ವಾಹ್ನ രാവിലെ " +
    "ก่อนเที่ยง ກ່ອນທ່ຽງ นاشتا နံနက် ព្រឹក ጥዋት үө pg pagi 上午 早上 清晨 凌晨 早晨 半夜 午前 오전 새벽 아침 ekuseni uvivi asubuhi madrugada manhã mañana matin",
  pm:
    "pm p nm em ch ös du odp pop ip eh md пп тк م بظ بعدازظهر אחהצ אחרהצהריים μμ слоб следобяд поподне попл попладне " +
    "in yh pasdites epasdites popiet pēcp tk පව অপরাহ্ণ अपराह्न दुपारी मउ शाम ਬਾਦੁ பிற்பகல் సాయంత్రం అపరాహ్న ಅಪರಾಹ್ನ ഉച്ചയ്ക്ക് വൈകുന്നേരം " +
    "หลังเที่ยง ຫຼັງທ່ຽງ ညနေ ល្ងាច ከሰዓት үх ptg petang 下午 傍晚 晚上 午後 午后 오후 저녁 emini ntambama entambama alasiri jioni tarde aprèsmidi soir",
  noon: "noon 中午 正午 낮 tengahhari mchana दोपहर",
  night: "night 夜里 夜裡 深夜 밤 malam ebusuku usiku noite noche nuit रात",
};

const NEUTRAL =
  "klo uhr h kl г ж гг ч год kell ura óra ore heure heures à às las alle um at om lúc pukul".split(" ");

/** How a word is looked up: lower case, without dots, quotes, spaces and joiners. */
export function wordKey(word: string): string {
  return word.toLowerCase().replace(/[\s.'"’״׳\u200c\u200d]/gu, "");
}

const PARTS = new Map<string, DayPart>();
for (const part of ["am", "pm", "noon", "night"] as const) {
  for (const word of WORDS[part].split(" ")) PARTS.set(wordKey(word), part);
}
for (const word of NEUTRAL) if (!PARTS.has(wordKey(word))) PARTS.set(wordKey(word), "none");

/**
 * What the word says in the locales we know, `undefined` where none of them has it. Beside a neutral word
 * counts the other, as in Bulgarian "ч. сл.об.".
 */
export function dayPartOf(word: string): DayPart | undefined {
  const whole = PARTS.get(wordKey(word));
  if (whole !== undefined || !word.includes(" ")) return whole;
  for (let space = word.indexOf(" "); space >= 0; space = word.indexOf(" ", space + 1)) {
    const [before, after] = [PARTS.get(wordKey(word.slice(0, space))), PARTS.get(wordKey(word.slice(space)))];
    if (before === "none" && after !== undefined) return after;
    if (after === "none" && before !== undefined) return before;
  }
  return undefined;
}

/**
 * The hour of the day, 0 to 23. An hour over 12 is already one, whatever word stands by it; 0 is read as 12, as in
 * the Japanese clock.
 */
export function hourOfDay(hour: number, part: DayPart): number {
  if (hour > 12) return hour;
  switch (part) {
    case "am":
      return hour % 12;
    case "pm":
      return (hour % 12) + 12;
    case "noon":
      return hour < 10 ? hour + 12 : hour;
    case "night":
      return hour === 12 ? 0 : hour < 6 ? hour : hour + 12;
    case "none":
      return hour;
  }
}
