import type { NoticeWords } from "./notice-words.ts";

/** Russian, Turkish, and the languages of Asia. */
export const easternNotices: readonly NoticeWords[] = [
  {
    language: "ru",
    you: "Вы|вы|Вас|вас",
    lines: {
      encryption:
        "Сообщения и звонки защищены сквозным шифрованием*|Сообщения и звонки в этом чате теперь защищены сквозным шифрованием*|Сообщения в этой группе теперь защищены сквозным шифрованием*",
      "group-created":
        '{a} создал(-а) группу "{b}"|{a} создал группу "{b}"|{a} создала группу "{b}"|Вы создали группу "{b}"',
      added: "{a} добавил(-а) {b}|{a} добавил {b}|{a} добавила {b}|Вы добавили {b}",
      left: "{a} вышел(-ла) из группы|{a} вышел из группы|{a} вышла из группы|{a} покинул(-а) группу|{a} вышел(-а)",
      removed: "{a} удалил(-а) {b}|{a} удалил {b}|{a} удалила {b}|Вы удалили {b}",
      "security-code":
        "Код безопасности с {a} изменился*|Ваш код безопасности с {a} изменился*|Код безопасности {a} изменился*",
      call: "Пропущенный аудиозвонок*|Пропущенный видеозвонок*|Пропущенный звонок*",
    },
  },
  {
    language: "tr",
    you: "Siz|siz",
    lines: {
      encryption:
        "Mesajlar ve aramalar uçtan uca şifrelidir*|Bu sohbetteki mesajlar ve aramalar artık uçtan uca şifreleme ile korunuyor*",
      "group-created": '{a}, "{b}" grubunu oluşturdu|{a} "{b}" grubunu oluşturdu',
      added: "{a}, {b} kişisini ekledi|{a} {b} kişisini ekledi",
      left: "{a} ayrıldı|{a} gruptan ayrıldı",
      "security-code": "{a} ile güvenlik kodunuz değişti*|{a} kişisinin güvenlik kodu değişti*",
      call: "Cevapsız sesli arama*|Cevapsız görüntülü arama*",
    },
  },
  {
    language: "ar",
    you: "أنت",
    lines: {
      encryption:
        "الرسائل والمكالمات مشفرة تمامًا بين الطرفين*|الرسائل والمكالمات مشفّرة تمامًا بين الطرفين*|الرسائل والمكالمات مشفرة تماماً بين الطرفين*|يتم تشفير الرسائل والمكالمات تمامًا بين الطرفين*",
      "group-created": 'أنشأ {a} المجموعة "{b}"|أنشأ {a} مجموعة "{b}"|{a} أنشأ المجموعة "{b}"',
      added: "أضاف {a} {b}|{a} أضاف {b}|قام {a} بإضافة {b}",
      left: "غادر {a}|{a} غادر المجموعة|غادر {a} المجموعة",
      call: "مكالمة صوتية فائتة*|مكالمة فيديو فائتة*|مكالمة فائتة*",
    },
  },
  {
    language: "hi",
    you: "आप|आपने",
    lines: {
      encryption: "मैसेज और कॉल एंड-टू-एंड एन्क्रिप्टेड हैं*|संदेश और कॉल एंड-टू-एंड एन्क्रिप्टेड हैं*",
      "group-created": '{a} ने "{b}" ग्रुप बनाया|{a} ने ग्रुप "{b}" बनाया',
      added: "{a} ने {b} को जोड़ा",
      left: "{a} ने ग्रुप छोड़ दिया|{a} ने ग्रुप छोड़ा",
    },
  },
  {
    language: "id",
    you: "Anda|anda",
    lines: {
      encryption:
        "Pesan dan panggilan dienkripsi secara end-to-end*|Pesan dan panggilan terenkripsi secara end-to-end*|Pesan ke chat ini dan panggilan kini diamankan dengan enkripsi end-to-end*",
      "group-created": '{a} membuat grup "{b}"',
      added: "{a} menambahkan {b}",
      left: "{a} keluar|{a} telah keluar",
      removed: "{a} mengeluarkan {b}",
      "security-code": "Kode keamanan Anda dengan {a} berubah*|Kode keamanan {a} telah berubah*",
      call: "Panggilan suara tak terjawab*|Panggilan video tak terjawab*",
    },
  },
  {
    language: "zh",
    you: "您|你",
    lines: {
      encryption:
        "消息和通话已进行端到端加密*|消息和通话都进行端到端加密*|訊息和通話經端對端加密*|訊息和通話已加密*|訊息和通話均經端對端加密*",
      "group-created":
        '{a}建立了群組"{b}"|{a}创建了群组"{b}"|{a} 建立了群組"{b}"|{a} 创建了群组"{b}"|{a}已建立群組"{b}"|{a}创建了"{b}"群组',
      added: "{a}添加了{b}|{a}新增了{b}|{a}加入了{b}|{a}已新增{b}|{a}已添加{b}",
      left: "{a}已退出|{a}退出了群组|{a}退出了|{a}已離開|{a}離開了群組|{a}已退出群組",
      call: "未接语音通话*|未接视频通话*|未接語音通話*|未接視訊通話*|未接來電*",
    },
  },
  {
    language: "ja",
    you: "あなた",
    lines: {
      encryption:
        "メッセージと通話はエンドツーエンドで暗号化されています*|メッセージと通話はエンドツーエンド暗号化されています*|メッセージと通話はエンドツーエンド暗号化により保護されています*",
      "group-created":
        '{a}がグループ"{b}"を作成しました|{a}がグループ「{b}」を作成しました|{a}さんがグループ「{b}」を作成しました',
      added: "{a}が{b}を追加しました|{a}さんが{b}さんを追加しました",
      left: "{a}が退出しました|{a}さんが退出しました|{a}がグループを退出しました",
      call: "不在着信*|音声通話の不在着信*|ビデオ通話の不在着信*",
    },
  },
  {
    language: "ko",
    you: "회원님",
    lines: {
      encryption:
        "메시지와 통화는 종단간 암호화됩니다*|메시지와 통화는 종단 간 암호화됩니다*|메시지 및 통화는 종단간 암호화됩니다*|메시지와 통화가 종단간 암호화로 보호됩니다*",
      "group-created":
        '{a}님이 "{b}" 그룹을 만들었습니다|{a}님이 그룹 "{b}"을 만들었습니다|{a}님이 "{b}" 그룹을 생성했습니다',
      added: "{a}님이 {b}님을 추가했습니다|{a}님이 {b}님을 초대했습니다",
      left: "{a}님이 나갔습니다|{a}님이 그룹을 나갔습니다|{a}님이 퇴장했습니다",
      call: "부재중 음성 통화*|부재중 영상 통화*|부재중 전화*",
    },
  },
];
