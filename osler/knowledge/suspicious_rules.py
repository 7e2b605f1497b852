"""What instructions to a model look like when they stand in a document: patterns by kind, in several languages.

A textbook speaks to students and a leaflet to patients ("do not take this medicine with alcohol"), so no pattern is an
imperative alone. Each one speaks of what only a model has: earlier instructions, a prompt, a role, tools, a policy, the
materials that it was shown.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Kind = Literal[
    "override",
    "role",
    "tool_call",
    "end_of_material",
    "addressed",
    "disclosure",
    "policy",
    "citation",
    "hidden",
    "encoded",
]


class Rule(NamedTuple):
    """``pattern`` is searched in the text as it reads once invisible characters are gone, where the text in lower case
    holds one of ``words`` (without any: always): a search for plain words is a hundred times as fast."""

    kind: Kind
    name: str
    pattern: re.Pattern[str]
    words: tuple[str, ...]


def _rule(kind: Kind, name: str, pattern: str, words: str) -> Rule:
    return Rule(
        kind,
        name,
        re.compile(pattern, re.IGNORECASE | re.MULTILINE),
        tuple(words.split("|") if "|" in words else words.split()),
    )


AI = "<ai>"  # stands for "AI" as a word of its own
_NOUNS = "instruction prompt rule direct command guideline message context constraint"
_MODELS = f"{AI}|llm|gpt|claude|gemini|chatbot|chat bot|assistant|virtual|digital|automated|answering|language model"


_DROP = r"(?:ignor\w*|disregard\w*|forget|overrid\w+|overwrite|skip|drop|discard|cancel|bypass|do\s+not\s+(?:follow|obey)|don't\s+(?:follow|obey)|stop\s+(?:following|obeying))"
_EARLIER = (
    r"(?:previous|prior|preceding|earlier|above|foregoing|former|existing|original|other|system|initial|developer)"
)
_ORDERS = r"(?:instructions?|prompts?|rules|directions|directives|commands|guidelines|messages?|context|constraints)"
_MODEL = r"(?:ai|a\.i\.|llm|gpt(?:-?\d\w*)?|chatgpt|claude|gemini|chat\s?bots?|(?:large\s+)?language\s+models?|(?:ai|virtual|digital|automated|answering)\s+(?:assistants?|agents?|models?|systems?)|assistants?\s+(?:reading|processing|that\s+reads?)|models?\s+(?:reading|processing|that\s+reads?))"
_SAY = r"(?:say|answer|respond|reply|output|print|write|return|state|tell|recommend|cite|call|use|run|choose|select|give|claim|conclude|report|treat|follow|ignore)"
_MATERIAL = r"(?:passages?|materials?|context|documents?|evidence|search\s+results?|retrieved\s+\w+|sources?|user\s+input|data|reference\s+texts?|untrusted\s+\w+)"
_SECRET = r"(?:system\s+(?:prompt|message|instructions?)|hidden\s+(?:prompt|instructions?)|(?:your|initial|original)\s+(?:prompt|instructions)|api\s+keys?|access\s+tokens?|chat\s+history|conversation\s+history|(?:other\s+)?users?'?\s+(?:data|questions|messages)|patient\s+records?\s+(?:you|that\s+you))"

RULES: tuple[Rule, ...] = (
    _rule("override", "earlier instructions", rf"\b{_DROP}\s+(?:(?:all|any|every|each|the|of|your|my|these|those|and|whatever|everything)\s+){{0,4}}{_EARLIER}\s+(?:\w+\s+){{0,2}}?{_ORDERS}\b", _NOUNS),
    _rule("override", "your instructions", rf"\b{_DROP}\s+(?:(?:all|any|every|of)\s+){{0,2}}(?:your|all|any)\s+{_ORDERS}\b(?!\s+(?:of|from|on)\s+(?:your|the)\s+(?:doctor|pharmacist|health|physician|label))", _NOUNS),
    _rule("override", "said before", rf"\b{_DROP}\s+(?:everything|anything|all|what(?:ever)?)\s+(?:that\s+)?(?:(?:you\s+)?(?:were|was|have\s+been|has\s+been)\s+(?:told|said|given|instructed)|(?:i|we|they|the\s+user|the\s+system)\s+(?:said|told|wrote|asked)|(?:came\s+|stated\s+|written\s+)?(?:above|before\s+this))\b", "you were told tell instructed everything anything"),
    _rule("override", "the question", rf"\b{_DROP}\s+(?:the\s+|this\s+)?(?:user(?:'s)?|human(?:'s)?|actual|original)\s+(?:question|request|query|task|message)\b", "question request query task message"),
    _rule("override", "new instructions", r"\b(?:new|updated|real|actual|true|revised|important|urgent|secret|hidden)\s+(?:system\s+)?(?:instructions?|prompt|directives?)\s*(?:[:：]|(?:are|is)\s+(?:as\s+follows|below|to\b)|follows?\b|below\b)(?=\W)", "instruction prompt directive"),
    _rule("override", "priority", rf"\bthis\s+(?:message|text|passage|document|instruction|note)\s+(?:overrides|supersedes|replaces|takes\s+(?:priority|precedence)\s+over)\s+(?:\w+\s+){{0,3}}?{_ORDERS}\b", "overrid supersed replaces takes"),
    _rule("override", "your answer must", r"\byour\s+(?:final\s+|only\s+|next\s+)?(?:answer|reply|response|output)\s+(?:must|should|shall|has\s+to|will|is\s+to)\s+(?:now\s+|always\s+|only\s+)?(?:be\b|contain|include|say|start|begin|end|consist|read|state|recommend)", "your answer|your reply|your response|your output|your final|your only|your next"),
    _rule("override", "answer order", r"\b(?:whatever|no\s+matter\s+what|regardless\s+of\s+what|when(?:ever)?|if)\s+(?:the\s+|a\s+|any\s+)?(?:user|question|query|prompt|reader|human|anyone|you\s+are\s+asked)\b[^.\n]{0,60}?[,:]?\s*(?:always\s+|you\s+must\s+|only\s+|just\s+|simply\s+)?\b(?:answer|respond|reply|output|say|print)\s+(?:with\s+|that\s+|only\s+|exactly\s+|always\s+)*[\"'“‘(A-Z\d]", "whatever matter regardless when if"),
    _rule("override", "always answer", r"(?:^|[.!?:;]\s+|\b(?:please|now|must|should|and|then|just|instead)\s+)(?:always\s+|only\s+|simply\s+|immediately\s+)?(?:answer|respond|reply|output|print)\s+(?:only\s+|exactly\s+|always\s+|just\s+)*(?:with\s+|as\s+)?(?:only\s+|exactly\s+|the\s+(?:word|letter|option|phrase|text|following\s+\w+)\s+|option\s+|choice\s+)*[\"“‘'](?!s\b)", "answer respond reply output print"),
    _rule("override", "answer a letter", r"\b(?:answer|choose|select|pick|output|respond\s+with|reply\s+with)\s+(?:always\s+|only\s+)?(?:option|choice|letter|answer)\s+\(?[A-H]\b\)?(?:\s+(?:to|for)\s+(?:every|all|each|any)|\s*[.,]\s*(?:always|no\s+matter|whatever|regardless))", "option choice letter answer"),
    _rule("override", "zh", r"(?:忽略|无视|忘记|忘掉|不要理会|不要遵守|跳过|取消|覆盖)(?:你|您)?(?:之前|以前|以上|上述|上面|前面|先前|原来|原有|所有|一切|全部|任何|系统|此前|的|收到|给出|被给|你){0,6}(?:指令|指示|提示词?|命令|规则|要求|说明|内容|设定|约束)", "忽略 无视 忘 不要 跳过 取消 覆盖"),
    _rule("override", "zh answer", r"(?:无论|不管)(?:用户|别人|对方|问题)?[^。\n]{0,14}(?:问|提问|是)[^。\n]{0,12}(?:都|请|必须|一律)[^。\n]{0,6}(?:回答|回复|输出|说)|(?:你|您)(?:现在)?(?:必须|只能|应当|需要)(?:只)?(?:回答|回复|输出)", "答 回复 输出 说"),
    _rule("override", "es", r"\b(?:ignor[ae]\w*|olvid[ae]\w*|desestim[ae]\w*|descart[ae]\w*|omit[ae]\w*|haz\s+caso\s+omiso\s+de)\s+(?:(?:de|por|todas?|todos?|las?|los?|tus?|sus?|cualquier|completamente)\s+){0,4}(?:instrucci[oó]n(?:es)?|[oó]rdenes|reglas|indicaciones|mensajes|prompts?|directrices)(?:\s+(?:anterior\w*|previ\w+|del\s+sistema|de\s+arriba|recibid\w+|dad\w+)|\s*(?:[.,;:]|y\b))", "instrucci orden órden reglas indicaciones mensajes prompt directrices"),
    _rule("override", "es answer", r"\b(?:responde|contesta|di|escribe|responda|conteste)\s+(?:siempre|[uú]nicamente|solo|solamente|s[oó]lo)\s+(?:que|con|[\"«“'])", "siempre|nicamente|solo|sólo|solamente"),
    _rule("override", "fr", r"\b(?:ignor\w+|oubli\w+|n[ée]glig\w+|ne\s+tene?z?\s+pas\s+compte\s+d\w*)\s+(?:(?:de|des|toutes?|tous|les?|la|tes|vos|ces)\s+){0,4}(?:instructions?|consignes?|r[èe]gles|directives|messages?)(?:\s+(?:pr[ée]c[ée]dent\w*|ant[ée]rieur\w*|ci-dessus|du\s+syst[èe]me|re[çc]u\w*)|\s*[.,;:])", "instruction consigne gle directive message"),
    _rule("override", "de", r"\b(?:ignorier\w*|vergiss|vergesst|vergessen\s+sie|missacht\w*|beachte\s+nicht|verwirf)\s+(?:(?:alle|alles|die|deine|ihre|s[äa]mtliche|bisherigen?|obigen?|vorherigen?|vorangegangenen?|fr[üu]heren?|vorigen?)\s+){1,4}(?:anweisung\w*|instruktion\w*|regeln?|vorgaben?|befehle?|nachrichten?|prompts?)\b", "anweisung instruktion regel vorgabe befehl nachricht prompt"),
    _rule("override", "pt", r"\b(?:ignor[ae]\w*|esque[çc]a\w*|desconsider[ae]\w*)\s+(?:(?:de|todas?|todos?|as?|os?|suas?|seus?|quaisquer)\s+){0,4}(?:instru[çc](?:[õo]es|[ãa]o)|ordens|regras|mensagens|comandos)\s+(?:anterior\w*|pr[ée]vi\w+|acima|do\s+sistema|recebid\w+)", "instru orden regra mensage comando"),
    _rule("override", "it", r"\b(?:ignor[aio]\w*|dimentica\w*|trascura\w*)\s+(?:(?:di|tutte|tutti|le|i|gli|tue|tuoi|qualsiasi)\s+){0,4}(?:istruzion[ei]|regole|ordini|comandi|messaggi)\s+(?:precedent\w+|sopra|del\s+sistema|ricevut\w+)", "istruzion regole ordini comandi messaggi"),
    _rule("override", "ru", r"(?:игнорируй\w*|проигнорируй\w*|забудь\w*|не\s+следуй\w*|отбрось\w*)\s+(?:\w+\s+){0,3}?(?:инструкци\w+|указани\w+|правил\w*|сообщени\w+|команд\w*)", "игнор забуд следу отброс"),
    _rule("override", "ja", r"(?:これまで|以前|上記|前|以上|すべて|全て|今まで)(?:の|に)?[^。\n]{0,10}(?:指示|命令|プロンプト|ルール|指令)[^。\n]{0,4}(?:を|は|は全て)?[^。\n]{0,6}(?:無視|忘れ|破棄)", "無視 忘れ 破棄"),
    _rule("override", "ko", r"(?:이전|위의|앞의|모든|기존)[^.\n]{0,12}(?:지시|명령|프롬프트|규칙)[^.\n]{0,6}(?:무시|잊)", "무시 잊"),
    _rule("override", "ar", r"(?:تجاهل|انس|تجاهلي|اهمل)\s+(?:\w+\s+){0,2}?(?:التعليمات|الأوامر|القواعد|تعليمات)", "التعليم الأوامر القواعد تعليمات"),
    _rule("override", "hi", r"(?:पिछले|पहले|ऊपर|सभी)[^।\n]{0,20}(?:निर्देश|आदेश|नियम)[^।\n]{0,14}(?:अनदेखा|भूल|नज़रअंदाज़|उपेक्षा)", "निर्देश आदेश नियम"),
    _rule("role", "chat template", r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|begin_of_text)\|>|\[/?INST\]|<</?SYS>>|</?(?:system|assistant|developer|instructions?|sys|human)(?:_(?:prompt|message))?>|<(?:start|end)_of_turn>", "< ["),
    _rule("role", "role line", r"(?:^|(?<=[.!?] ))[ \t>*#\[(]*(?:system|assistant|developer|system\s+(?:prompt|message|override|update|notice)|admin(?:istrator)?|root)[\])*# \t]*[:：]\s*(?=\S)(?:.*?\b(?:you\b|your\b|must\b|ignore|disregard|always|never|answer|respond|reply|output|instructions?|tools?|policy|prompt|call\b|set\b|safety)|.{0,40}(?:你|您|忽略|回答))", "system assistant developer admin root"),
    _rule("role", "role line zh es", r"(?:^|(?<=[.!?。！？ ]))[ \t>*#\[(【]*(?:系统|系统提示|系统消息|助手|管理员|sistema|asistente|système|系統)[\])】*# \t]*[:：]\s*\S", "系 助手 管理员 sistema asistente système"),
    _rule("role", "heading", r"^#{2,}\s*(?:(?:new|system|hidden)\s+)?(?:instructions?|system(?:\s+prompt)?|assistant|response)\s*[:：]?\s*$", "##"),
    _rule("role", "persona", r"\b(?:you\s+are\s+now|from\s+now\s+on,?\s+(?:you\s+(?:are\s+(?:an?|the|my|in|free|unrestricted)|(?:will|must|shall)\s+(?:only\s+|always\s+|never\s+|not\s+)*(?:be\s+(?:an?|the|my)|act|behave|answer|respond|reply|recommend|say|ignore|obey|speak|write|pretend|cite|refuse|output|call))|act\s+as|behave\s+as|answer|respond)|pretend\s+(?:to\s+be|that\s+you\s+are|you\s+are)\s+(?:an?\s+)?(?:\w+\s+){0,2}?(?:ai|assistant|model|doctor\s+who|system|bot|unrestricted)|(?:enter|activate|enable|switch\s+to)\s+(?:developer|admin|debug|god|dan|jailbreak|maintenance)\s+mode|in\s+(?:developer|dan|jailbreak)\s+mode)\b(?!\s+(?:ready|able|pregnant|taking|at|in|on|a\s+(?:parent|member|nurse)))", "you are now|you\nare now|from now on|pretend|developer mode|admin mode|debug mode|god mode|dan mode|jailbreak|maintenance mode"),
    _rule("role", "persona zh es", r"(?:你|您)现在(?:是|将|开始)(?:一个|一名|扮演)?|从现在(?:起|开始)[，,]?(?:你|您)|\b(?:a\s+partir\s+de\s+ahora|desde\s+ahora),?\s+(?:eres|ser[áa]s|responde|debes|act[úu]a)|\bahora\s+eres\s+(?:un|una)\b|\b(?:d[ée]sormais|à\s+partir\s+de\s+maintenant),?\s+tu\b|\bab\s+(?:jetzt|sofort)\s+bist\s+du\b", "现在|partir|desde ahora|ahora eres|désormais|jetzt bist|sofort bist"),
    _rule("tool_call", "react", r"\baction[ \t]*\d*[ \t]*[:：][ \t]*[A-Za-z_]\w*\s*action[ \t_]*input\b|^[ \t>*]*observation[ \t]*\d*[ \t]*[:：]\s*(?:\{|\[|ok\b|success|error)", "action observation"),
    _rule("tool_call", "call markup", r"</?(?:tool_call|function_call|tool_use|invoke|function_calls|tool_response|tool_result|function=\w+)\b[^>]*>|<tool>|\[TOOL_CALLS?\]|\"tool_calls?\"\s*:", "< [tool tool_call"),
    _rule("tool_call", "json call", r"\{\s*\"(?:name|function|tool|action)\"\s*:\s*\"[A-Za-z_][\w.-]*\"\s*,\s*\"(?:arguments|parameters|args|input|action_input|tool_input)\"\s*:", "{"),
    _rule("tool_call", "told to call", r"\b(?:call|invoke|execute|trigger|run|use)\s+(?:the\s+|your\s+)?(?:\w+\s+){0,2}?(?:tool|function|api|plugin|endpoint)\s+(?:named|called|with\s+(?:the\s+)?(?:argument|parameter|input)s?|now\b)|\b(?:call|invoke|trigger)\s+(?:the|your)\s+(?:\w+\s+){0,2}?(?:tool|function|api|plugin|endpoint)\b|\b(?:call|invoke|execute|run|use)\s+[`\"']?[a-z]\w*_\w+[`\"']?\s*(?:\(|with\b|to\b|now\b)|调用(?:\w|[\u4e00-\u9fff]){0,10}(?:工具|函数|接口)", "tool function api plugin endpoint _ 调用"),
    _rule("end_of_material", "end", rf"\b(?:end|close|conclusion)\s+of\s+(?:the\s+)?(?:{_MATERIAL}|instructions?|prompt)\b(?=\s*(?:[\])*=#.:-]|$))|^[ \t]*[-=#*<]{{2,}}\s*(?:end|stop|eof)\b[^\n]{{0,30}}[-=#*>]{{2,}}\s*$|</(?:context|documents?|passages?|evidence|materials?|sources?|search_results?|data)>", "end close conclusion stop eof </"),
    _rule("end_of_material", "zh es", r"(?:材料|资料|文档|上下文|参考|证据|检索结果|内容)(?:到此)?结束|\bfin\s+de(?:l|\s+los?|\s+las?)?\s+(?:materiales?|documentos?|contexto|pasajes?|evidencia|fuentes?)\b", "结束 fin"),
    _rule("end_of_material", "question follows", r"^[ \t>*#]*(?:the\s+)?(?:new|next|real|actual|true)\s+(?:user\s+)?(?:question|task|query|request)\s*[:：]", "question task query request"),
    _rule("addressed", "to a model", rf"\b(?:note|message|attention|warning|notice|memo|hint|instructions?|reminder|order)s?\s+(?:to|for)\s+(?:all\s+|any\s+|the\s+|every\s+)*{_MODEL}\b|\battention,?\s+(?:all\s+|any\s+)?{_MODEL}\b|^[ \t>*]*(?:dear|hey|hello|dear\s+all)\s+{_MODEL}\b", _MODELS),
    _rule("addressed", "if you are a model", rf"\b(?:if|when|as|since|because)\s+(?:you\s+are\s+|you're\s+)?an?\s+{_MODEL}\b[^.\n]{{0,50}}?,\s*(?:please\s+|you\s+(?:must|should|shall|will)\s+|always\s+|do\s+not\s+|never\s+)*{_SAY}\b|\bif\s+(?:you\s+are|you're)\s+an?\s+{_MODEL}\b", _MODELS),
    _rule("addressed", "model must", rf"\b(?:the\s+|any\s+|every\s+|all\s+)?{_MODEL}\s+(?:(?:(?:who|that|which)\s+\w+|reading|processing|seeing)\s+(?:\w+\s+){{0,2}}?)?(?:must|should|shall|are\s+(?:required|ordered|instructed)\s+to|is\s+(?:required|ordered|instructed)\s+to)\s+(?:now\s+|always\s+|never\s+|not\s+|only\s+)*{_SAY}\b", _MODELS),
    _rule("addressed", "zh", r"(?:致|给|告知|注意[，,：:]?)(?:所有|任何|各位|正在阅读的)?(?:AI|人工智能|大?语言模型|智能助手|大模型|助手模型)|如果(?:你|您)是(?:一个)?(?:AI|人工智能|大?语言模型|智能助手|大模型|助手)", "ai 人工智能 模型 助手"),
    _rule("addressed", "es fr de", r"\b(?:si\s+eres|si\s+tu\s+es|wenn\s+du)\s+(?:un\s+|une\s+|ein\s+|eine\s+)?(?:modelo\s+de\s+lenguaje|ia\b|asistente|mod[èe]le\s+de\s+langage|assistant|sprachmodell|ki\b)", "si eres|si tu es|wenn du"),
    _rule("disclosure", "reveal", rf"\b(?:reveal|print|repeat|show|leak|disclose|output|display|expose|send|post|forward|upload|email|append|include|copy)\s+(?:\w+\s+){{0,3}}?{_SECRET}", "prompt instruction message key token history data question record"),
    _rule("disclosure", "send to", r"\b(?:send|post|upload|forward|transmit|exfiltrate|submit)\s+(?:\w+\s+){0,6}?(?:conversation|chat|prompt|question|patient(?:'s)?\s+(?:data|name|record)s?|answer|context|history|records?)\s+(?:\w+\s+){0,3}?(?:to|via)\s+(?:https?://|www\.|[\w.+-]+@)|!\[[^\]\n]*\]\(https?://[^)\s]*[?&][^)\s]*(?:=|\{)[^)\s]*\)", "http www. @"),
    _rule("disclosure", "zh es", r"(?:输出|显示|泄露|打印|重复|透露)(?:你|您)?的?(?:系统)?(?:提示词|系统提示|系统指令|隐藏指令)|\b(?:revela|muestra|imprime|repite)\s+(?:\w+\s+){0,2}?(?:prompt|instrucciones\s+del\s+sistema|mensaje\s+del\s+sistema)", "提示 指令 prompt instrucciones mensaje"),
    _rule("policy", "switched off", r"\b(?:safety|content|security|refusal|ethical|guard(?:rail)?s?|moderation)[\s-]+(?:rules|polic(?:y|ies)|guidelines|filters?|checks?|guardrails?|restrictions?|protocols?|mode|mechanisms?)\s+(?:are|is|have\s+been|has\s+been|were)\s+(?:now\s+|temporarily\s+|hereby\s+)?(?:off|disabled|suspended|lifted|removed|waived|revoked|inactive|deactivated|turned\s+off)\b", "safety content security refusal ethical guard moderation"),
    _rule("policy", "switch off", r"\b(?:disable|bypass|turn\s+off|deactivate|circumvent|remove|suspend|ignore|skip|override)\s+(?:all\s+|any\s+|the\s+|your\s+|every\s+)*(?:safety|content|security|ethical|moderation|refusal|guardrail)s?[\s-]+(?:rules|polic(?:y|ies)|guidelines|filters?|checks?|guardrails?|restrictions?|instructions?|system|layers?|training)\b|\bguardrails\s+(?:are\s+)?off\b", "safety content security ethical moderation refusal guard"),
    _rule("policy", "permission", r"\b(?:you|the\s+model)\s+(?:are|is)\s+(?:now\s+|hereby\s+)?(?:authori[sz]ed|permitted|allowed|cleared)\s+to\s+(?:ignore|bypass|skip|disregard|prescribe\s+without|answer\s+without|reveal)\b", "authori permit allowed cleared"),
    _rule("policy", "never refuse", r"\b(?:do\s+not|don't|never)\s+(?:refuse|abstain|decline)\b[^.\n]{0,40}\b(?:answer|question|request|comply|user)|\bnever\s+(?:cite|mention|show|use)\s+(?:the\s+)?(?:other|any\s+other|these|those)\s+(?:passages?|sources?|documents?|materials?)\b", "refuse abstain decline never"),
    _rule("citation", "cite me", r"\b(?:always\s+|only\s+|must\s+|please\s+)cite\s+(?:only\s+)?(?:this|the\s+present|\[|passage|source|document|PMID)|\bcite\s+(?:this|\[[^\]\n]{1,60}\])\s*(?:passage|source|document|paper|study|text)?\s*(?:instead|only|for\s+every|in\s+every|as\s+the\s+(?:only|sole)|first|always|and\s+no)|\b(?:trust|use|rely\s+on)\s+only\s+this\s+(?:passage|document|source)\b", "cite trust use rely"),
    _rule("citation", "other passages", r"\b(?:all|the|any)\s+(?:other|remaining|rest\s+of\s+the)\s+(?:retrieved\s+)?(?:passages?|search\s+results?|retrieved\s+documents?|materials)\s+(?:are|is|have\s+been)\s+(?:\w+\s+){0,2}?(?:wrong|false|outdated|retracted|obsolete|untrusted|fake|invalid|superseded|irrelevant)\b", "passage result document material"),
    _rule("citation", "forged mark", r"^[ \t]*\[(?:[A-Za-z0-9][\w.:-]*/v\d+/\d+-\d+|(?:passage|doc|document|source|evidence)[ _#-]?\d+)\][ \t]+\S", "["),
)  # fmt: skip
